import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../listening.ts';
import { HttpConnection } from './http-connection.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Edit: 7\r\n\r\na';

describe('a connection of the load', () => {
  const servers: Listening[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  /** A server that does `serve` with each request of each connection. */
  async function serving(serve: (socket: Socket, request: number) => void): Promise<HttpConnection> {
    const server = createServer((socket) => {
      let requests = 0;
      socket.on('error', () => undefined);
      socket.on('data', () => serve(socket, (requests += 1)));
    });
    const listening = await listen(server);
    servers.push(listening);
    return new HttpConnection(listening.port, 200);
  }

  it('keeps its connection for the next request', async () => {
    const connection = await serving((socket, request) => socket.write(ANSWER.replace('7', String(request))));
    await connection.get('a', '/');
    const { headers, body } = await connection.get('a', '/');
    expect(headers.get('x-edit')).toBe('2');
    expect(body).toBe('a');
    connection.close();
  });

  it('puts together an answer that comes in pieces', async () => {
    const connection = await serving((socket) => {
      socket.write(ANSWER.slice(0, 20));
      setImmediate(() => socket.write(ANSWER.slice(20)));
    });
    expect((await connection.get('a', '/')).status).toBe(200);
    connection.close();
  });

  it('tells the caller of a connection that is closed without an answer, and connects anew for the next', async () => {
    let connections = 0;
    const connection = await serving((socket) => {
      connections += 1;
      if (connections === 1) socket.destroy();
      else socket.write(ANSWER);
    });
    await expect(connection.get('a', '/')).rejects.toThrow('connection closed');
    expect((await connection.get('a', '/')).status).toBe(200);
    connection.close();
  });

  it('does not wait longer than it may', async () => {
    const connection = await serving(() => undefined);
    await expect(connection.get('a', '/')).rejects.toThrow('no answer in time');
  });
});
