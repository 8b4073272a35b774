/**
 * What the kubelet asks the sidecar of a pod.
 *
 * In: probes, and the word that Envoy is to end. Out: whether the sidecar works, whether Envoy may start, and when Envoy may
 * be ended. Refuses to know: what is served.
 */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type AdminAddress, drainEnvoy, type DrainTimes } from './drain-envoy.ts';

/** What a pod asks for. */
export interface PodOptions {
  readonly port: number;
  readonly envoyAdmin: AdminAddress;
  readonly drain: DrainTimes;
  /** Who does not say this (header `x-sluice-drain`) may not drain Envoy; nobody may where it is empty. */
  readonly token: string;
}

/** What answers the kubelet. */
export interface PodServer {
  readonly port: number;
  /** Envoy may start from now on. */
  started(): void;
  close(): Promise<void>;
}

const HEADER = 'x-sluice-drain';

/**
 * Answers the kubelet: `/healthz` while it works, `/started` once all is there that Envoy will be told to load, and
 * `/shutdown/ready` when Envoy, which this drains, may be ended.
 */
export async function servePod({ port, envoyAdmin, drain, token }: PodOptions, log: Logger): Promise<PodServer> {
  let isStarted = false;
  let draining: Promise<void> | undefined;
  const shutdown = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!isSame(request.headers[HEADER], token)) return answer(response, 403);
    if (draining === undefined) log.info('Envoy is to end; it drains');
    draining ??= drainEnvoy(envoyAdmin, drain);
    await draining;
    log.info('Envoy has drained');
    return answer(response, 200);
  };
  const server = createServer((request, response) => {
    switch (request.url) {
      case '/healthz':
        return answer(response, 200);
      case '/started':
        return answer(response, isStarted ? 200 : 503);
      case '/shutdown/ready':
        shutdown(request, response).catch((error: unknown) => {
          log.error({ err: error }, 'Envoy cannot be drained');
          answer(response, 500);
        });
        return;
      default:
        return answer(response, 404);
    }
  });
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    started: () => {
      if (!isStarted) log.info('Envoy may start');
      isStarted = true;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function isSame(given: string | string[] | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(token)];
  return token !== '' && a.length === b.length && timingSafeEqual(a, b);
}

function answer(response: ServerResponse, status: number): void {
  if (!response.headersSent) response.writeHead(status).end();
}
