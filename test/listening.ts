/** Servers of tests' own: whatever speaks over TCP or a Unix socket, be it HTTP of any version, TLS or neither. */
import { once } from 'node:events';
import type { ListenOptions, Server, Socket } from 'node:net';

/** A server that listens. */
export interface Listening {
  /** 0 on a Unix socket. */
  readonly port: number;
  /** Cuts what is connected, and takes no more; does nothing where that is done. */
  readonly stop: () => Promise<void>;
}

/** Has a server listen: on a free port of loopback, unless it is told where. Rejects where it cannot. */
export async function listen(
  server: Server,
  where: ListenOptions = { host: '127.0.0.1', port: 0 },
): Promise<Listening> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    // Clients leave as they like.
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  });
  await once(server.listen(where), 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}
