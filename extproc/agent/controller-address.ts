import { credentials, type ChannelCredentials, type ChannelOptions, Metadata } from '@grpc/grpc-js';
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
      /** Name of the pod, by which the controller knows the Envoy beside this. */
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

/** Reads what a channel is to be opened with now; rejects while a file of it is missing. */
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
        target: `dns:${controller.address}`,
        credentials: credentials.createSsl(trusted, key, certificate),
        metadata,
        options: { 'grpc.ssl_target_name_override': SERVER_NAME, 'grpc.default_authority': SERVER_NAME },
      };
    }
    default:
      return controller satisfies never;
  }
}
