import { randomUUID } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProxySocket } from '#controller/infra/infra.ts';

/** The way from an Envoy to its controller, on which what Envoy says can be kept; what it is told goes on. */
export interface HeldWords {
  readonly through: (socket: ProxySocket) => ProxySocket;
  hold(): void;
  /** Hands over what was kept, and whatever comes. */
  release(): void;
}

/** Makes such a way. */
export function heldWords(): HeldWords {
  const ways = new Map<Socket, Socket>();
  const through = (socket: ProxySocket): ProxySocket => {
    const path = join(tmpdir(), `sl-${randomUUID().slice(0, 8)}.sock`);
    const server = createServer();
    return {
      take: (serve) => {
        server.on('connection', serve);
        server.listen(path, () => {
          socket.take((envoy) => {
            const controller = connect(path);
            for (const [one, other] of [
              [envoy, controller],
              [controller, envoy],
            ] as const) {
              one.pipe(other);
              one.on('error', () => other.destroy());
              one.on('close', () => other.destroy());
            }
            ways.set(envoy, controller);
          });
        });
      },
      close: async () => {
        server.close();
        await socket.close();
      },
    };
  };
  return {
    through,
    hold: () => ways.forEach((controller, envoy) => envoy.unpipe(controller)),
    release: () => ways.forEach((controller, envoy) => envoy.pipe(controller)),
  };
}
