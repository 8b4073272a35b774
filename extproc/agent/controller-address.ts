import { credentials, type ChannelCredentials, type ChannelOptions, Metadata } from '@grpc/grpc-js';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the controller is, and how both sides know each other. */
export type ControllerAddress =
  /** On this machine: the socket itself says which proxy it belongs to. */
  | { readonly kind: 'socket'; readonly path: string }
  /** Elsewhere: the certificate does (`tls.crt`, `tls.key` and `ca.crt` in a folder; they may be others at any time). */
  | {
      readonly kind: 'tls';
      readonly address: string;
      readonly certificates: string;
      /** Which pod this is, by which the controller knows the Envoy beside it. */
      readonly pod?: string;
    };

/** What a channel to the controller is opened with. */
export interface Reached {
  readonly target: string;
  readonly credentials: ChannelCredentials;
  readonly metadata: Metadata;
  readonly options: ChannelOptions;
}

/** The name that the controller's certificate has, wherever it is reached. */
const SERVER_NAME = 'envoy-gateway';

/** In which the pod is named. A contract with the controller. */
const POD = 'sluice-pod';

/** Reads what a channel is to be opened with now; rejects while a file of it is missing, or its name has no address. */
export async function reach(controller: ControllerAddress): Promise<Reached> {
  const metadata = new Metadata();
  switch (controller.kind) {
    case 'socket':
      return { target: `unix:${controller.path}`, credentials: credentials.createInsecure(), metadata, options: {} };
    case 'tls': {
      const read = (name: string): Promise<Buffer> => readFile(join(controller.certificates, name));
      const [trusted, key, certificate] = await Promise.all([read('ca.crt'), read('tls.key'), read('tls.crt')]);
      if (controller.pod !== undefined) metadata.set(POD, controller.pod);
      return {
        target: await targetOf(controller.address),
        credentials: credentials.createSsl(trusted, key, certificate),
        metadata,
        options: {
          'grpc.ssl_target_name_override': SERVER_NAME,
          'grpc.default_authority': SERVER_NAME,
          // As Envoy does, whatever the environment says of proxies: which of them are not for this name is said of names alone.
          'grpc.enable_http_proxy': 0,
        },
      };
    }
    default:
      return controller satisfies never;
  }
}

/** Finds all addresses of a name, as `dns.promises.lookup` does. */
type Resolve = (
  host: string,
  options: { readonly all: true },
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/**
 * The addresses behind HOST:PORT as a target of gRPC, of the family by which the Envoy of this pod comes, too: IPv6 where there is any, as Envoy's resolver
 * has it (`envoy.config.cluster.v3.Cluster.DnsLookupFamily.AUTO`). Who leads clients by their address to one of many replicas would
 * else lead the halves of a pod that has two to different ones, and always to these.
 */
export async function targetOf(address: string, resolve: Resolve = lookup): Promise<string> {
  const end = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, end), address.slice(end + 1)];
  const found = await resolve(host, { all: true });
  const six = found.filter(({ family }) => family === 6);
  return six.length > 0
    ? `ipv6:${six.map((one) => `[${one.address}]:${port}`).join()}`
    : `ipv4:${found.map((one) => `${one.address}:${port}`).join()}`;
}
