import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Listening, listen } from '../listening.ts';
import type { Pair } from '../tls/authority.ts';

/** A back-end on loopback that answers whatever it gets with its name and what it got: "<name>: <text>". */
export type StreamBackEnd = Listening;

/** Starts one of TCP. */
export function startTcp(name: string): Promise<StreamBackEnd> {
  return listen(createServer((socket) => answer(socket, name)));
}

/** Starts one of TLS; its name is followed by the server name that it was asked for: "<name> <server name>: <text>". */
export function startTls(name: string, { certificate, key }: Pair): Promise<StreamBackEnd> {
  return listen(
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
