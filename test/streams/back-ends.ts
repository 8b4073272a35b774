import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Pair } from '../tls/authority.ts';

/** A back-end on loopback that answers whatever it gets with its name and what it got: "<name>: <text>". */
export interface StreamBackEnd {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one of TCP. */
export function startTcp(name: string): Promise<StreamBackEnd> {
  return started(createServer((socket) => answer(socket, name)));
}

/** Starts one of TLS; its name is followed by the server name that it was asked for: "<name> <server name>: <text>". */
export function startTls(name: string, { certificate, key }: Pair): Promise<StreamBackEnd> {
  return started(
    createTlsServer({ cert: certificate, key }, (socket) => answer(socket, `${name} ${String(socket.servername)}`)),
  );
}

/** Starts one of UDP. */
export async function startUdp(name: string): Promise<StreamBackEnd> {
  const socket = createSocket('udp4', (text, { address, port }) =>
    socket.send(`${name}: ${text.toString()}`, port, address),
  );
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function answer(socket: Socket, name: string): void {
  socket.on('error', () => undefined);
  socket.on('data', (text) => socket.write(`${name}: ${text.toString()}`));
}

async function started(server: Server): Promise<StreamBackEnd> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
