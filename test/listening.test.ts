import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { listen } from './listening.ts';
import { selfSigned } from './seeds/self-signed.ts';

const { 'tls.crt': cert, 'tls.key': key } = selfSigned('localhost');
const host = '127.0.0.1';
const plain = (port: number): Socket => connect({ host, port });
const secure = (port: number): Socket => connectTls({ host, port, rejectUnauthorized: false });
const answer = (socket: Socket): boolean => socket.on('error', () => undefined).write('hello');

/** Asks, and is not gone once it is answered. */
async function asked(client: Socket): Promise<Socket> {
  client.on('error', () => undefined).write('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n');
  await once(client, 'data');
  return client;
}

describe('a server that is stopped', () => {
  it.each<readonly [speaks: string, server: Server, connect: (port: number) => Socket]>([
    ['TCP', createServer(answer), plain],
    ['TLS', createTlsServer({ cert, key }, answer), secure],
    ['HTTP', createHttpServer((_, response) => response.end('hello')), plain],
    ['HTTPS', createHttpsServer({ cert, key }, (_, response) => response.end('hello')), secure],
  ])('cuts its clients: %s', async (_, server, connectTo) => {
    const { port, stop } = await listen(server);
    const client = await asked(connectTo(port));
    const closed = new Promise((resolve) => client.once('close', resolve));
    await stop();
    await closed;
    expect(server.listening).toBe(false);
  });

  it('cuts its clients: HTTP/2', async () => {
    const { port, stop } = await listen(createHttp2Server((_, response) => void response.end('hello')));
    const client = connectHttp2(`http://${host}:${port}`).on('error', () => undefined);
    await once(client.request(), 'response');
    const closed = new Promise((resolve) => client.once('close', resolve));
    await stop();
    await closed;
  });
});

describe('a server', () => {
  it('listens where it is told, on a Unix socket too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sl-'));
    const path = join(folder, 'a.sock');
    const { port, stop } = await listen(createServer(answer), { path });
    expect(port).toBe(0);
    await asked(connect(path));
    await stop();
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('that cannot listen there says so', async () => {
    const { port, stop } = await listen(createServer());
    await expect(listen(createServer(), { host, port })).rejects.toThrow('EADDRINUSE');
    await stop();
  });
});
