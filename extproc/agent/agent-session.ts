import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { Client, type ClientDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { type MessageTypes, schema } from '#proto/load.ts';
import { rawMethod, toBuffer } from '../grpc/raw-method.ts';
import { type ControllerAddress, reach } from './controller-address.ts';
import type { ModuleFolder } from './module-folder.ts';
import { MAX_CHUNK_SIZE } from './module-name.ts';
import type { UnknownKeys } from './unknown-keys.ts';
import { type ModuleOutcome, ModuleReceiver } from './module-receiver.ts';

type AgentMessage = MessageInitShape<GenMessage<MessageTypes['sluice.agent.v1.AgentMessage']>>;

const CONNECT = rawMethod('/sluice.agent.v1.ModuleAgent/Connect', 'bidi');
/** A piece of a module and what is around it, a list of some ten thousand digests, or a state with as many clients. */
const MAX_MESSAGE_SIZE = 16 * MAX_CHUNK_SIZE;

/** How often a controller that says nothing is asked whether it is there, and how soon it has to answer, in milliseconds. */
export interface Alive {
  readonly every: number;
  readonly within: number;
}

/**
 * The machine of a controller may go without a word; its agents would wait on it for ever, beside Envoys that have found another. It is
 * given more time than Envoy gives it: whoever comes again is told everything once more.
 */
export const AGENT_ALIVE: Alive = { every: 30_000, within: 20_000 };

/** What the sidecar is to work by. */
export type SidecarState = MessageTypes['sluice.agent.v1.SidecarState'];

/** What a session works with. */
export interface SessionOptions {
  readonly controller: ControllerAddress;
  readonly folder: ModuleFolder;
  /** Takes a state: the sidecar works by it when this returns. */
  readonly onState: (state: SidecarState) => void;
  /** Everything is there that Envoy will be told to load. */
  readonly onComplete: () => void;
  readonly unknownKeys: UnknownKeys;
  readonly log: Logger;
  readonly alive: Alive;
  /** Ends the session. */
  readonly signal: AbortSignal;
}

/**
 * Speaks `sluice.agent.v1.ModuleAgent/Connect` once, until either side ends it; rejects when the connection fails.
 *
 * The inventory goes first. Messages are handled one after the other, so what comes is never ahead of the disk by more
 * than grpc-js buffers (16 messages, of which modules have at most 1 MiB each).
 */
export async function runSession(options: SessionOptions): Promise<void> {
  const { controller, folder, onState, onComplete, unknownKeys, log, alive, signal } = options;
  const inventory = await folder.verify();
  const reached = await reach(controller);
  // Whoever stops it meanwhile is not heard below.
  signal.throwIfAborted();
  const client = new Client(reached.target, reached.credentials, {
    ...reached.options,
    'grpc.max_receive_message_length': MAX_MESSAGE_SIZE,
    'grpc.keepalive_time_ms': alive.every,
    'grpc.keepalive_timeout_ms': alive.within,
    // The pauses are ours: a channel of an earlier session must not lend its own.
    'grpc.use_local_subchannel_pool': 1,
  });
  const stream = client.makeBidiStreamRequest(
    CONNECT.path,
    CONNECT.requestSerialize,
    CONNECT.responseDeserialize,
    reached.metadata,
  );
  const receiver = new ModuleReceiver(folder);
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const unreported = unknownKeys.connect((keySet) => send(stream, { kind: { case: 'unknownKey', value: { keySet } } }));
  try {
    send(stream, { kind: { case: 'inventory', value: { modules: [...inventory] } } });
    const wanted = new WantedModules(
      inventory.map(({ digest }) => digest),
      onComplete,
    );
    for await (const bytes of messages(stream))
      await receive(bytes, { stream, receiver, folder, onState, wanted, log });
  } finally {
    unreported();
    signal.removeEventListener('abort', cancel);
    stream.cancel();
    client.close();
    await receiver.abandon();
  }
}

interface Session {
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  readonly receiver: ModuleReceiver;
  readonly folder: ModuleFolder;
  readonly onState: (state: SidecarState) => void;
  readonly wanted: WantedModules;
  readonly log: Logger;
}

/** What Envoy will be told to load, and whether all of it is there. */
class WantedModules {
  readonly #stored: Set<string>;
  readonly #onComplete: () => void;
  #wanted: readonly string[] | undefined;

  constructor(stored: Iterable<string>, onComplete: () => void) {
    this.#stored = new Set(stored);
    this.#onComplete = onComplete;
  }

  want(digests: readonly string[]): void {
    this.#wanted = digests;
    this.#look();
  }

  stored(digest: string): void {
    this.#stored.add(digest);
    this.#look();
  }

  #look(): void {
    if (this.#wanted?.every((digest) => this.#stored.has(digest)) === true) this.#onComplete();
  }
}

/** Names the type of what a stream in object mode yields, which Node's types do not. */
function messages(stream: ClientDuplexStream<Buffer, Buffer>): AsyncIterable<Buffer> {
  return stream;
}

async function receive(bytes: Buffer, { stream, receiver, folder, onState, wanted, log }: Session): Promise<void> {
  const { kind } = fromBinary(schema('sluice.agent.v1.ControllerMessage'), bytes);
  switch (kind.case) {
    case 'chunk':
      for (const outcome of await receiver.take(kind.value)) {
        report(stream, outcome, log);
        if (outcome.kind === 'stored') wanted.stored(outcome.digest);
      }
      return;
    case 'wanted':
      wanted.want(kind.value.digests);
      return;
    case 'retain':
      await folder.retain(new Set(kind.value.digests));
      return;
    case 'state':
      onState(kind.value);
      send(stream, { kind: { case: 'stateTaken', value: { version: kind.value.version } } });
      return;
    case undefined:
      log.warn('a controller of another version sent a message of unknown kind');
      return;
    default:
      kind satisfies never;
  }
}

function report(stream: ClientDuplexStream<Buffer, Buffer>, outcome: ModuleOutcome, log: Logger): void {
  switch (outcome.kind) {
    case 'stored':
      log.info({ digest: outcome.digest, path: outcome.path }, 'module stored');
      send(stream, { kind: { case: 'ready', value: { digest: outcome.digest, path: outcome.path } } });
      return;
    case 'rejected':
      log.error({ digest: outcome.digest, reason: outcome.reason }, 'module rejected');
      send(stream, { kind: { case: 'rejected', value: { digest: outcome.digest, reason: outcome.reason } } });
      return;
    default:
      outcome satisfies never;
  }
}

function send(stream: ClientDuplexStream<Buffer, Buffer>, message: AgentMessage): void {
  const type = schema('sluice.agent.v1.AgentMessage');
  stream.write(toBuffer(toBinary(type, create(type, message))));
}
