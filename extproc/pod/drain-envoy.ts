import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where the admin interface of an Envoy is. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

/** How long an Envoy that ends takes leave, in milliseconds. */
export interface DrainTimes {
  /** Until its health checks fail. */
  readonly failAfter: number;
  /** At least until it ends: so long clients may still be sent to it. */
  readonly least: number;
  /** At most until it ends. */
  readonly most: number;
}

/** How often it is looked whether connections are left. Milliseconds. */
const POLL = 200;
/** How long an answer of Envoy is waited for. Milliseconds. */
const PATIENCE = 1_000;

/**
 * Asks an Envoy to take leave of its clients: HTTP/1.1 connections are closed after an answer, HTTP/2 ones get a GOAWAY, and
 * new ones are served meanwhile. Resolves when none is left, though not before `least`, or after `most`.
 */
export async function drainEnvoy(admin: AdminAddress, { failAfter, least, most }: DrainTimes): Promise<void> {
  const began = performance.now();
  const passed = (): number => performance.now() - began;
  let isFailing = failAfter === 0;
  await ask(admin, 'POST', isFailing ? '/healthcheck/fail' : '/drain_listeners?graceful&skip_exit');
  while (passed() < most) {
    if (!isFailing && passed() >= failAfter) {
      isFailing = true;
      await ask(admin, 'POST', '/healthcheck/fail');
    }
    if (isFailing && passed() >= least) {
      const stats = await ask(admin, 'GET', '/stats?filter=downstream_cx_active');
      // Who does not answer has ended already.
      if (stats === undefined || activeConnections(stats) === 0) return;
    }
    await sleep(POLL);
  }
}

/** The connections of clients in a list of statistics ("name: value" a line), without those of the pod itself. */
export function activeConnections(stats: string): number {
  const counts = [...stats.matchAll(/^listener\.(?<listener>\S+?)\.downstream_cx_active: (?<count>\d+)$/gmu)];
  return counts
    .filter(({ groups }) => !OWN.test(groups?.['listener'] ?? ''))
    .reduce((sum, { groups }) => sum + Number(groups?.['count'] ?? 0), 0);
}

/** The admin interface, metrics and probes; and what a worker has of each listener, which is counted there. */
const OWN = /^admin(?:\.|$)|_19001$|_19003$|\.worker_\d+$/u;

function ask({ host, port }: AdminAddress, method: string, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host, port, method, path, timeout: PATIENCE, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
      response.on('error', () => resolve(undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.end();
  });
}
