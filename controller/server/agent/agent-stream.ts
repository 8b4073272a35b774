import { fromBinary } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { schema } from '#proto/load.ts';
import { encode as encodeMessage, type Init } from '../../xds/build/message.ts';
import type { RawStream } from '../proxy-server.ts';
import type { ModuleReceiver, ModuleStore, WasmModule } from './module-store.ts';

/** Bytes of a module in one message (`sluice.agent.v1.ModuleChunk.data`). */
const CHUNK_SIZE = 1024 * 1024;

/** Serves one stream of `sluice.agent.v1.ModuleAgent/Connect`. */
export function serveAgent(stream: RawStream, store: ModuleStore, log: Logger): void {
  const receiver: ModuleReceiver = {
    send: (module) => sendModule(stream, module),
  };
  stream.on('data', (bytes: Buffer) => {
    try {
      receive(bytes, receiver, store, log);
    } catch (error) {
      log.error({ err: error }, 'an agent sent what is no AgentMessage');
      stream.destroy();
    }
  });
  stream.on('end', () => {
    store.disconnected(receiver);
    stream.end();
  });
  stream.on('cancelled', () => store.disconnected(receiver));
  stream.on('error', () => store.disconnected(receiver));
}

function receive(bytes: Buffer, receiver: ModuleReceiver, store: ModuleStore, log: Logger): void {
  const { kind } = fromBinary(schema('sluice.agent.v1.AgentMessage'), bytes);
  switch (kind.case) {
    case 'inventory':
      store.connected(receiver, new Map(kind.value.modules.map(({ digest, path }) => [digest, path])));
      return;
    case 'ready':
      log.info({ digest: kind.value.digest, path: kind.value.path }, 'module is with the proxy');
      store.ready(kind.value.digest, kind.value.path);
      return;
    case 'rejected':
      log.error({ digest: kind.value.digest, reason: kind.value.reason }, 'agent could not store a module');
      return;
    case undefined:
      log.warn('an agent of another version sent a message of unknown kind');
      return;
    default:
      kind satisfies never;
  }
}

function sendModule(stream: RawStream, { digest, bytes }: WasmModule): void {
  const size = BigInt(bytes.length);
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const data = Uint8Array.from(bytes.subarray(at, at + CHUNK_SIZE));
    stream.write(encode({ kind: { case: 'chunk', value: { digest, size, data } } }));
  }
}

function encode(init: Init<'sluice.agent.v1.ControllerMessage'>): Buffer {
  return Buffer.from(encodeMessage('sluice.agent.v1.ControllerMessage', init));
}
