import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { create, fromBinary, fromJson, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { registry, schema } from '#proto/load.ts';
import { startEnvoy, writeBootstrap } from './bare-envoy.ts';
import type { JsonObject } from './json.ts';
import { MESSAGES, type Translated } from './translated.ts';
import { editValue } from './world.ts';

/** An Envoy with the same content, whose RouteConfiguration is pushed by a server that encodes nothing. */
export interface BarePush {
  /** Resolves when Envoy has acknowledged everything once. */
  readonly ready: Promise<void>;
  /** Pushes the RouteConfiguration after an edit: milliseconds until Envoy's ACK has come in. */
  push(edit: number): Promise<number>;
  stop(): Promise<void>;
}

type Stream = ServerDuplexStream<Buffer, Buffer>;

/** A kind of resource, encoded. */
interface Encoded {
  readonly url: string;
  /** `envoy.service.discovery.v3.Resource`, encoded, by name. */
  readonly resources: ReadonlyMap<string, Uint8Array>;
}

/** Version, nonce and header value of a push are this text, so that a patch of equal length makes the next one. */
const TEMPLATE = editValue(0);

/** Starts the server on a Unix socket in `folder`, and the Envoy. */
export async function startBarePush(content: Translated, folder: string): Promise<BarePush> {
  const kinds = new Map(
    (['cluster', 'endpoint', 'listener', 'route'] as const).map((kind) => {
      const encoded = encodeKind(MESSAGES[kind], content[kind]);
      return [encoded.url, encoded];
    }),
  );
  const routes = kinds.get(urlOf(MESSAGES.route));
  if (routes === undefined || routes.resources.size !== 1) throw new Error('one RouteConfiguration is expected');
  const template = response(routes.url, TEMPLATE, [...routes.resources.values()]);
  const waiting = new Map<string, (error: string | undefined) => void>();
  let current: Stream | undefined;
  let becomeReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (becomeReady = resolve));

  const serve = (stream: Stream): void => {
    current = stream;
    stream.on('error', () => undefined);
    stream.on('end', () => stream.end());
    stream.on('data', (bytes: Buffer) => {
      const request = fromBinary(schema('envoy.service.discovery.v3.DeltaDiscoveryRequest'), bytes);
      const { typeUrl, responseNonce: nonce } = request;
      waiting.get(nonce)?.(request.errorDetail?.message);
      waiting.delete(nonce);
      if (nonce === 'first' && typeUrl === routes.url) becomeReady();
      const kind = kinds.get(typeUrl);
      if (kind === undefined) return;
      const names = request.resourceNamesSubscribe;
      const wildcard = nonce === '' && names.length === 0;
      if (!wildcard && names.length === 0) return;
      const wanted = [...kind.resources].filter(([name]) => wildcard || names.includes(name)).map(([, value]) => value);
      stream.write(response(typeUrl, 'first', wanted));
    });
  };

  const socket = join(folder, 'ads.sock');
  const server = await listen(socket, serve);
  const envoy = startEnvoy(writeBootstrap(folder, bootstrap(socket)), folder);
  return {
    ready,
    push: async (edit) => {
      const bytes = patched(template, TEMPLATE, editValue(edit));
      if (current === undefined) throw new Error('Envoy is not connected');
      const answered = new Promise<string | undefined>((resolve) => waiting.set(editValue(edit), resolve));
      const start = performance.now();
      current.write(bytes);
      const error = await answered;
      const took = performance.now() - start;
      if (error !== undefined) throw new Error(`Envoy rejected the bare push: ${error}`);
      return took;
    },
    stop: async () => {
      await envoy.stop();
      server.forceShutdown();
    },
  };
}

function encodeKind(message: (typeof MESSAGES)[keyof typeof MESSAGES], contents: readonly JsonObject[]): Encoded {
  const resources = contents.map((content): [string, Uint8Array] => {
    const value = fromJson(schema(message), content, { registry: registry() });
    const name = content['name'] ?? content['cluster_name'];
    if (typeof name !== 'string') throw new Error(`a ${message} without a name`);
    const resource = create(schema('envoy.service.discovery.v3.Resource'), {
      name,
      version: TEMPLATE,
      resource: anyPack(schema(message), value),
    });
    return [name, toBinary(schema('envoy.service.discovery.v3.Resource'), resource)];
  });
  return { url: urlOf(message), resources: new Map(resources) };
}

function response(typeUrl: string, nonce: string, resources: readonly Uint8Array[]): Buffer {
  const type = schema('envoy.service.discovery.v3.DeltaDiscoveryResponse');
  const decoded = resources.map((bytes) => fromBinary(schema('envoy.service.discovery.v3.Resource'), bytes));
  return Buffer.from(toBinary(type, create(type, { typeUrl, nonce, resources: decoded })));
}

/** A copy of `bytes` with every occurrence of one text replaced by another of its length. */
function patched(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + to.length)) copy.write(to, at);
  return copy;
}

async function listen(socket: string, serve: (stream: Stream) => void): Promise<Server> {
  const same = (bytes: Buffer): Buffer => bytes;
  const server = new Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
  server.addService(
    {
      delta: {
        path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
        requestStream: true,
        responseStream: true,
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      },
    },
    { delta: serve },
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  return server;
}

function bootstrap(socket: string): JsonObject {
  const ads = { ads: {}, resource_api_version: 'V3' };
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'ads' } }],
      },
      lds_config: ads,
      cds_config: ads,
    },
    static_resources: {
      clusters: [
        {
          name: 'ads',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'ads',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
          },
          typed_extension_protocol_options: {
            [http]: {
              '@type': `type.googleapis.com/${http}`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
    },
  };
}

function urlOf(message: string): string {
  return `type.googleapis.com/${message}`;
}
