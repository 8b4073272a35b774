import { once } from 'node:events';
import { fromBinary } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { type MessageTypes, schema } from '#proto/load.ts';
import { encode as encodeMessage, type Init } from '../../xds/build/message.ts';
import { followMessages, type RawStream, whenEnded } from '../raw-stream.ts';
import type { ModuleReceiver, ModuleStore, WasmModule } from './module-store.ts';
import type { SidecarStates, StateReceiver } from './sidecar-states.ts';

/** Bytes of a module in one message (`sluice.agent.v1.ModuleChunk.data`). */
const CHUNK_SIZE = 1024 * 1024;

/** What an agent is served. */
export interface AgentSource {
  readonly modules: ModuleStore;
  readonly states: SidecarStates;
  /** A token named a key that is not in this key set. */
  readonly unknownKey: (keySet: string) => void;
  readonly log: Logger;
}

/** One connected agent. */
interface Receiver {
  readonly ofModules: ModuleReceiver;
  readonly ofStates: StateReceiver;
  /** See `podOf`. */
  readonly pod: string | undefined;
}

/** Serves one stream of `sluice.agent.v1.ModuleAgent/Connect`, of an agent in this pod, if it is in one. */
export function serveAgent(stream: RawStream, source: AgentSource, pod: string | undefined): void {
  const { modules, states, log } = source;
  const receiver: Receiver = {
    ofModules: {
      send: (module) => sendModule(stream, module),
      want: (digests) => stream.write(encode({ kind: { case: 'wanted', value: { digests: [...digests] } } })),
      retain: (digests) => stream.write(encode({ kind: { case: 'retain', value: { digests: [...digests] } } })),
    },
    ofStates: { send: (state) => stream.write(encode({ kind: { case: 'state', value: state } })) },
    pod,
  };
  whenEnded(stream, () => {
    modules.disconnected(receiver.ofModules);
    states.disconnected(receiver.ofStates);
  });
  followMessages(stream, {
    decode: (bytes) => fromBinary(schema('sluice.agent.v1.AgentMessage'), bytes),
    receive: (message) => receive(message, receiver, source),
    unreadable: 'an agent sent what is no AgentMessage',
    log,
  });
}

type AgentMessage = MessageTypes['sluice.agent.v1.AgentMessage'];

function receive({ kind }: AgentMessage, receiver: Receiver, { modules, states, unknownKey, log }: AgentSource): void {
  switch (kind.case) {
    case 'inventory':
      modules.connected(
        receiver.ofModules,
        new Map(kind.value.modules.map(({ digest, path }) => [digest, path])),
        receiver.pod,
      );
      states.connected(receiver.ofStates);
      return;
    case 'ready':
      log.info({ digest: kind.value.digest, path: kind.value.path }, 'module is with the proxy');
      modules.ready(receiver.ofModules, kind.value.digest, kind.value.path);
      return;
    case 'rejected':
      log.error({ digest: kind.value.digest, reason: kind.value.reason }, 'agent could not store a module');
      modules.rejected(receiver.ofModules, kind.value.digest);
      return;
    case 'stateTaken':
      states.taken(receiver.ofStates, kind.value.version);
      return;
    case 'unknownKey':
      unknownKey(kind.value.keySet);
      return;
    case undefined:
      log.warn('an agent of another version sent a message of unknown kind');
      return;
    default:
      kind satisfies never;
  }
}

/** Sends a module in pieces, no faster than the agent takes them. */
async function sendModule(stream: RawStream, { digest, bytes }: WasmModule): Promise<void> {
  const size = BigInt(bytes.length);
  for (let at = 0; at < bytes.length && !stream.cancelled; at += CHUNK_SIZE) {
    const data = Uint8Array.from(bytes.subarray(at, at + CHUNK_SIZE));
    const isTaken = stream.write(encode({ kind: { case: 'chunk', value: { digest, size, data } } }));
    if (!isTaken && !stream.cancelled) await Promise.race([once(stream, 'drain'), ended(stream)]);
  }
}

function ended(stream: RawStream): Promise<unknown> {
  return Promise.race([once(stream, 'cancelled'), once(stream, 'end')]);
}

function encode(init: Init<'sluice.agent.v1.ControllerMessage'>): Buffer {
  return Buffer.from(encodeMessage('sluice.agent.v1.ControllerMessage', init));
}
