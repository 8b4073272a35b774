import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut: for who goes it the server is gone then. */
export interface Relay {
  readonly port: number;
  /** Cuts every connection and takes no more. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Opens a way to a server. */
export async function openRelay(host: string, port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const state: { server: Server | undefined; port: number } = { server: undefined, port: 0 };
  const up = async (): Promise<void> => {
    if (state.server !== undefined) return;
    const server = createServer((client) => {
      const upstream = connect(port, host);
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(socket);
        socket.pipe(other);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
    });
    server.listen(state.port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address !== 'string') state.port = address.port;
    state.server = server;
  };
  await up();
  return {
    port: state.port,
    up,
    down: async () => {
      const { server } = state;
      if (server === undefined) return;
      state.server = undefined;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
