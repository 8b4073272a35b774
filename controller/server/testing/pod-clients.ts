import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { type MessageTypes, schema } from '#proto/load.ts';
import { POD_METADATA } from '../../infra/infra.ts';
import type { KeyPair } from '../../pki/authority.ts';
import { typeOfUrl, typeUrl, type XdsType } from '../../xds/types.ts';

/** How the halves of a pod reach a controller. */
export interface PodConnection {
  readonly port: number;
  readonly pair: KeyPair;
  /** Certificates of the authority, in PEM. */
  readonly trusted: string;
  /** Which pod it says that it is. */
  readonly pod: string;
}

/** A half of a pod. */
export interface PodHalf {
  /** Whether the controller has ended its stream or its connection. */
  isEnded(): boolean;
  /** Says what is no message. */
  babble(): void;
  close(): void;
}

/** An Envoy that takes whatever it is sent, save what it is told to reject. */
export interface PodEnvoy extends PodHalf {
  /** Asks for resources of a type for the first time, and says which versions it has. */
  ask(type: XdsType, names?: readonly string[], versions?: Readonly<Record<string, string>>): void;
  /** What it was sent so far: "cluster +a -b". */
  readonly sent: readonly string[];
  /** Leaves what it is sent of a type without an answer from now on. */
  hold(type: XdsType): void;
  /** Rejects what it has not answered, and takes what comes from now on. */
  reject(): void;
  /** Rejects from now on every response that has this text in a resource. */
  refuse(text: string): void;
}

/** A sidecar that says what it has. */
export interface PodAgent extends PodHalf {
  /** Has this module in this file. */
  ready(digest: string, path: string): void;
  /** How many messages it was sent. */
  readonly heard: number;
}

type Request = MessageInitShape<GenMessage<MessageTypes['envoy.service.discovery.v3.DeltaDiscoveryRequest']>>;
type AgentMessage = MessageInitShape<GenMessage<MessageTypes['sluice.agent.v1.AgentMessage']>>;

const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const AGENT = '/sluice.agent.v1.ModuleAgent/Connect';

const raw = (bytes: Buffer): Buffer => bytes;

const REJECTING = { errorDetail: { code: 13, message: 'not that' } } as const;

/** Opens the stream of an Envoy. */
export function podEnvoy(connection: PodConnection): PodEnvoy {
  const { stream, half } = open(connection, ADS);
  const request = schema('envoy.service.discovery.v3.DeltaDiscoveryRequest');
  const say = (init: Request): void => void stream.write(Buffer.from(toBinary(request, create(request, init))));
  const sent: string[] = [];
  let held: XdsType | undefined;
  let refused: string | undefined;
  let unanswered: { readonly typeUrl: string; readonly responseNonce: string } | undefined;
  stream.on('data', (bytes: Buffer) => {
    const response = fromBinary(schema('envoy.service.discovery.v3.DeltaDiscoveryResponse'), bytes);
    const added = response.resources.map(({ name }) => `+${name}`);
    const removed = response.removedResources.map((name) => `-${name}`);
    const type = typeOfUrl(response.typeUrl);
    sent.push([type, ...added, ...removed].join(' '));
    const taken = { typeUrl: response.typeUrl, responseNonce: response.nonce };
    const isRefused = (value: Uint8Array | undefined): boolean =>
      refused !== undefined && value !== undefined && Buffer.from(value).includes(refused);
    if (type !== undefined && type === held) unanswered = taken;
    else if (response.resources.some(({ resource }) => isRefused(resource?.value))) say({ ...taken, ...REJECTING });
    else say(taken);
  });
  return {
    ...half,
    sent,
    ask: (type, names = [], versions = {}) => {
      say({
        typeUrl: typeUrl(type),
        resourceNamesSubscribe: [...names],
        initialResourceVersions: { ...versions },
      });
    },
    hold: (type) => void (held = type),
    reject: () => {
      held = undefined;
      if (unanswered !== undefined) say({ ...unanswered, ...REJECTING });
      unanswered = undefined;
    },
    refuse: (text) => void (refused = text),
  };
}

/** Opens the stream of an agent that has these modules: files, by digest. */
export function podAgent(connection: PodConnection, files: ReadonlyMap<string, string> = new Map()): PodAgent {
  const { stream, half } = open(connection, AGENT);
  const message = schema('sluice.agent.v1.AgentMessage');
  const say = (init: AgentMessage): void => void stream.write(Buffer.from(toBinary(message, create(message, init))));
  let heard = 0;
  stream.on('data', () => void (heard += 1));
  const modules = [...files].map(([digest, path]) => ({ digest, path }));
  say({ kind: { case: 'inventory', value: { modules } } });
  return {
    ...half,
    ready: (digest, path) => say({ kind: { case: 'ready', value: { digest, path } } }),
    get heard() {
      return heard;
    },
  };
}

function open(
  { port, pair, trusted, pod }: PodConnection,
  path: string,
): { readonly stream: ClientDuplexStream<Buffer, Buffer>; readonly half: PodHalf } {
  const [root, key, certificate] = [trusted, pair.key, pair.certificate].map((text) => Buffer.from(text));
  const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(root, key, certificate), {
    'grpc.ssl_target_name_override': 'envoy-gateway',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  const metadata = new Metadata();
  metadata.set(POD_METADATA, pod);
  const stream = client.makeBidiStreamRequest(path, raw, raw, metadata);
  let isEnded = false;
  for (const event of ['error', 'end'] as const) stream.on(event, () => void (isEnded = true));
  return {
    stream,
    half: {
      isEnded: () => isEnded,
      babble: () => void stream.write(Buffer.from([0xff])),
      close: () => {
        stream.cancel();
        client.close();
      },
    },
  };
}
