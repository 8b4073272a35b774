import { connect, type IncomingHttpHeaders } from 'node:http2';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import { listenOnSocket, type Method } from './unix-server.ts';

interface Ended {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Calls a method with bytes as they are, in these pieces. */
async function call(method: Method, pieces: readonly Buffer[], more: Record<string, string> = {}): Promise<Ended> {
  const socket = join(await tempFolder(), 'x.sock');
  const listening = await listenOnSocket(socket, [{ '/demo.Service/Method': method }]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  const session = connect('http://demo', { createConnection: () => createConnection(socket) });
  onTestFinished(async () => {
    session.destroy();
    await listening.server.drain(0);
  });
  const headers = { ':method': 'POST', ':path': '/demo.Service/Method', 'content-type': 'application/grpc', ...more };
  const stream = session.request(headers);
  let found: IncomingHttpHeaders = {};
  let body = '';
  stream.on('response', (response) => (found = { ...found, ...response }));
  stream.on('trailers', (trailers) => (found = { ...found, ...trailers }));
  stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
  const ended = new Promise<void>((resolve) => stream.on('close', resolve));
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise((tick) => setTimeout(tick, 1));
  }
  stream.end();
  await ended;
  return { headers: found, body };
}

function frame(text: string, { flag = 0, length = text.length } = {}): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

const echo: Method = {
  kind: 'unary',
  answer: (request) => ({ kind: 'answer', message: Buffer.concat([Buffer.from('='), request]) }),
};

/** Says every message again, in brackets, each a while after it was taken. */
const slowEcho: Method = {
  kind: 'stream',
  open: (stream) =>
    stream.take({
      message: (bytes) => {
        const text = bytes.toString();
        stream.pause();
        setTimeout(() => {
          stream.send(Buffer.from(`[${text}]`));
          stream.resume();
        }, 1);
      },
      end: () => stream.end(),
      gone: () => undefined,
    }),
};

describe('a call', () => {
  test('is answered, however its bytes are cut', async () => {
    const bytes = [...frame('hello')].map((byte) => Buffer.from([byte]));
    const { headers, body } = await call(echo, bytes);
    expect(headers).toMatchObject({ ':status': 200, 'grpc-status': '0' });
    expect(body).toBe(frame('=hello').toString());
  });

  test('of several messages at once gets them handed over one after the other, and then its end', async () => {
    const { headers, body } = await call(slowEcho, [Buffer.concat([frame('a'), frame(''), frame('c')])]);
    expect(headers).toMatchObject({ 'grpc-status': '0' });
    expect(body).toBe(['[a]', '[]', '[c]'].map((text) => frame(text).toString()).join(''));
  });

  test('may have a message of many pieces', async () => {
    const text = 'many '.repeat(400_000);
    const { headers, body } = await call(echo, [frame('little'), frame(text)]);
    expect(headers).toMatchObject({ 'grpc-status': '0' });
    expect(body.slice(5)).toBe(`=${text}`);
  });

  test.each([
    ['a message that is compressed', [frame('x', { flag: 1 })], status.UNIMPLEMENTED],
    ['a message that is said to be too large', [frame('', { length: 2 ** 31 })], status.RESOURCE_EXHAUSTED],
    ['an end within a message', [frame('half', { length: 8 })], status.INTERNAL],
    ['no message', [], status.INTERNAL],
  ])('is failed by %s', async (_, pieces, code) => {
    expect((await call(echo, pieces)).headers).toMatchObject({ ':status': 200, 'grpc-status': String(code) });
  });

  test('of a method that is not there is UNIMPLEMENTED, and one that is no gRPC is 415', async () => {
    const other = await call(echo, [frame('x')], { ':path': '/demo.Service/Other' });
    expect(other.headers).toMatchObject({ 'grpc-status': String(status.UNIMPLEMENTED) });
    const json = await call(echo, [frame('x')], { 'content-type': 'application/json' });
    expect(json.headers).toMatchObject({ ':status': 415 });
  });

  test('is told why it failed, in what a header may hold', async () => {
    const failing: Method = {
      kind: 'unary',
      answer: () => ({ kind: 'failure', code: status.NOT_FOUND, details: 'no “x”\n' }),
    };
    const { headers } = await call(failing, [frame('x')]);
    expect(headers).toMatchObject({ 'grpc-status': String(status.NOT_FOUND), 'grpc-message': encodeURI('no “x”\n') });
  });
});
