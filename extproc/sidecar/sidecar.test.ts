import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { defineProcessor } from '../processor/define-processor.ts';
import { version } from '../runtime/version.ts';
import { extProcClient, headersSet, message } from '../testing/ext-proc-client.ts';
import { captureLog } from '../testing/log-capture.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import type { Handlers } from './handlers.ts';
import { startSidecar } from './sidecar.ts';

async function sidecar(handlers?: Handlers): Promise<{ socket: string; stop: (deadline: number) => Promise<void> }> {
  const folder = await tempFolder();
  const socket = join(folder, 'x.sock');
  const started = await startSidecar({
    socket,
    controller: { kind: 'socket', path: join(folder, 'agent.sock') },
    modules: join(folder, 'modules'),
    log: captureLog().log,
    ...(handlers !== undefined && { handlers }),
  });
  if (started.kind !== 'started') throw new Error(started.message);
  onTestFinished(() => started.stop(0));
  return { socket, stop: started.stop };
}

describe('the sidecar', () => {
  test('shows its version through the handler ping', async () => {
    const open = extProcClient((await sidecar()).socket);
    const answer = await open({ 'sluice-handler': 'ping' }).ask(message.responseHeaders());
    expect(headersSet(answer)).toEqual([`x-sluice-sidecar: ${version}`]);
  });

  test('fails a stream that names no handler, or one that is not there', async () => {
    const open = extProcClient((await sidecar()).socket);
    expect(await open().ended).toMatchObject({ code: status.FAILED_PRECONDITION });
    const unknown = await open({ 'sluice-handler': 'toString' }).ended;
    expect(unknown).toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringContaining('"toString"') });
  });

  test('lets a stream finish when it is stopped', async () => {
    const { socket, stop } = await sidecar();
    const stream = extProcClient(socket)({ 'sluice-handler': 'ping' });
    await stream.ask(message.requestHeaders());
    const stopped = stop(60_000);
    expect((await stream.ask(message.responseHeaders())).response.case).toBe('responseHeaders');
    stream.finish();
    expect(await stream.ended).toMatchObject({ code: status.OK });
    await stopped;
  });

  test('cuts what has not finished by the deadline, with an error: a clean close would let the request through', async () => {
    const hanging: Handlers = new Map([['hang', defineProcessor({ onRequestHeaders: () => new Promise(() => {}) })]]);
    const { socket, stop } = await sidecar(hanging);
    const stream = extProcClient(socket)({ 'sluice-handler': 'hang' });
    stream.send(message.requestHeaders());
    // A second stream is answered after the first was taken.
    await expect(extProcClient(socket)({}).ended).resolves.toMatchObject({ code: status.FAILED_PRECONDITION });
    await stop(1);
    expect((await stream.ended).code).not.toBe(status.OK);
  });

  test('refuses a socket that another process answers on', async () => {
    const { socket } = await sidecar();
    const second = await startSidecar({
      socket,
      controller: { kind: 'socket', path: '/none' },
      modules: '/none',
      log: captureLog().log,
    });
    expect(second).toEqual({ kind: 'in-use', message: `another process listens on ${socket}` });
  });
});
