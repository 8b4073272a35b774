import { chmod, mkdir, unlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ProxySocket } from '../infra.ts';

/**
 * Binds the Unix socket of a proxy (mode 0600). Whoever connects before somebody serves waits: an Envoy that starts beside
 * the controller neither fails nor tries again later.
 */
export async function bindProxySocket(path: string): Promise<ProxySocket> {
  const waiting: Socket[] = [];
  let serve = (connection: Socket): void => {
    connection.on('error', () => undefined);
    waiting.push(connection);
  };
  const server = createServer((connection) => serve(connection));
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await unlink(path).catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    take: (serving) => {
      serve = serving;
      for (const connection of waiting.splice(0)) if (!connection.destroyed) serving(connection);
    },
    close: async () => {
      server.close();
      for (const connection of waiting.splice(0)) connection.destroy();
      await unlink(path).catch(() => undefined);
    },
  };
}
