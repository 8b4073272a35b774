import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { listenOnSocket } from '../grpc/unix-server.ts';
import type { Processor } from '../processor/define-processor.ts';
import { extProcService } from '../stream/service.ts';
import { extProcClient, type TestStream } from './ext-proc-client.ts';
import { captureLog, type LogCapture } from './log-capture.ts';
import { tempFolder } from './temp-folder.ts';

/** A processor that is served on a socket for the time of a test. */
export interface ServedProcessor extends LogCapture {
  readonly open: () => TestStream;
}

/** Serves a processor to every stream, as policy "demo/test/0". */
export async function serveProcessor(processor: Processor): Promise<ServedProcessor> {
  const socket = join(await tempFolder(), 'x.sock');
  const capture = captureLog();
  const service = extProcService(() => ({ kind: 'selected', processor, policy: 'demo/test/0' }), capture.log);
  const listening = await listenOnSocket(socket, [service]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  onTestFinished(async () => void (await listening.server.drain(0)));
  return { ...capture, open: extProcClient(socket) };
}
