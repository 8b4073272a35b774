import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../testing/temp-folder.ts';
import type { MessageStream } from './message-stream.ts';
import { listenOnSocket, type Method } from './unix-server.ts';

interface Ended {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Connects to a server of one method. */
async function connected(method: Method): Promise<ClientHttp2Session> {
  const socket = join(await tempFolder(), 'x.sock');
  const listening = await listenOnSocket(socket, [{ '/demo.Service/Method': method }]);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  const session = connect('http://demo', { createConnection: () => createConnection(socket) });
  // A connection that ends fails its calls, which tell.
  session.on('error', () => undefined);
  onTestFinished(async () => {
    session.destroy();
    await listening.server.drain(0);
  });
  return session;
}

function opened(session: ClientHttp2Session, more: Record<string, string> = {}): ClientHttp2Stream {
  const headers = { ':method': 'POST', ':path': '/demo.Service/Method', 'content-type': 'application/grpc', ...more };
  return session.request(headers);
}

/** Calls a method with bytes as they are, in these pieces. */
async function call(method: Method, pieces: readonly Buffer[], more: Record<string, string> = {}): Promise<Ended> {
  const stream = opened(await connected(method), more);
  const ended = endOf(stream);
  for (const piece of pieces) {
    stream.write(piece);
    await new Promise((tick) => setTimeout(tick, 1));
  }
  stream.end();
  return ended;
}

async function endOf(stream: ClientHttp2Stream): Promise<Ended> {
  let headers: IncomingHttpHeaders = {};
  let body = '';
  stream.on('response', (response) => (headers = { ...headers, ...response }));
  stream.on('trailers', (trailers) => (headers = { ...headers, ...trailers }));
  stream.on('data', (chunk: Buffer) => (body += chunk.toString()));
  await once(stream, 'close');
  return { headers, body };
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

  test('whose client does not read holds up who sends, until it reads', async () => {
    const piece = 'x'.repeat(16 * 1024);
    let sent = 0;
    const pour = (stream: MessageStream): void => {
      while (sent < 100) {
        sent += 1;
        if (!stream.send(Buffer.from(piece))) return;
      }
      stream.end();
    };
    const flood: Method = {
      kind: 'stream',
      open: (stream) => {
        const taker = { message: () => pour(stream), end: () => undefined, gone: () => undefined };
        stream.take({ ...taker, drained: () => pour(stream) });
      },
    };
    const stream = opened(await connected(flood));
    stream.end(frame('go'));
    await once(stream, 'response');
    expect(sent).toBeLessThan(100);
    const { body } = await endOf(stream);
    expect(body.length).toBe(100 * frame(piece).length);
  });
});

describe('a connection', () => {
  test('outlives any number of calls that their client gives up, and so do the calls beside them', async () => {
    const session = await connected(slowEcho);
    const patient = opened(session);
    patient.write(frame('a'));
    // nghttp2 allows 1,000 at once and 33 a second.
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(Array.from({ length: 100 }, () => givenUp(session)));
    }
    patient.end(frame('b'));
    const { headers, body } = await endOf(patient);
    expect(body).toBe(['[a]', '[b]'].map((text) => frame(text).toString()).join(''));
    expect(headers).toMatchObject({ 'grpc-status': '0' });
    expect(session.closed).toBe(false);
  });
});

/** Opens a call and resets it once the server has it. */
async function givenUp(session: ClientHttp2Session): Promise<void> {
  const stream = opened(session);
  stream.on('error', () => undefined);
  stream.write(frame('x'));
  await new Promise((tick) => setImmediate(tick));
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
}
