import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeHttp } from '../../runtime/node-http.ts';

/** How often Envoy is asked while it is waited for. Milliseconds. */
const POLL = 10;
/** How long one answer may take. Milliseconds. */
const PATIENCE = 1_000;

/** Asks Envoy's admin interface, whose address Envoy wrote to a file; `undefined` while it does not answer. */
export async function askAdmin(
  addressFile: string,
  path: string,
  method: 'GET' | 'POST' = 'GET',
  patience: number = PATIENCE,
): Promise<string | undefined> {
  const address = await readFile(addressFile, 'utf8').catch(() => '');
  if (address === '') return undefined;
  const signal = AbortSignal.timeout(Math.max(patience, 1));
  return new Promise((resolve) => {
    const request = nodeHttp().request(`http://${address}${path}`, { method, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      response.on('error', () => resolve(undefined));
    });
    request.on('error', () => resolve(undefined));
    request.end();
  });
}

const STATS = 'listener_manager.(total_listeners_|listener_create_success)%7Cserver.concurrency';

/**
 * Resolves when Envoy accepts connections on every listener it has been given: it acknowledges a listener that still
 * waits for its routes. Gives up when `stop` is aborted.
 */
export async function untilListening(addressFile: string, listeners: number, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    const stats = await askAdmin(addressFile, `/stats?filter=${STATS}`);
    const count = (name: string): number => Number(new RegExp(`${name}: (\\d+)`, 'u').exec(stats ?? '')?.[1] ?? -1);
    const isActive = count('listeners_active') === listeners && count('listeners_warming') === 0;
    // An active listener is with the workers only once each of them has said so.
    if (isActive && count('listener_create_success') >= listeners * count('server.concurrency')) return true;
    await sleep(POLL);
  }
  return false;
}

/**
 * Lets an Envoy that is about to end finish the requests it has: clients are told to close their connections, nothing new
 * is accepted, and what is under way is waited for, at most `budget` milliseconds. At once when there is none.
 */
export async function drain(addressFile: string, budget: number): Promise<void> {
  const deadline = Date.now() + budget;
  const ask = (path: string, method: 'GET' | 'POST'): Promise<string | undefined> =>
    askAdmin(addressFile, path, method, Math.min(PATIENCE, deadline - Date.now()));
  // Health checks fail, HTTP/1 answers say "connection: close", HTTP/2 connections get a GOAWAY.
  if ((await ask('/healthcheck/fail', 'POST')) === undefined) return;
  await ask('/drain_listeners', 'POST');
  while (Date.now() < deadline) {
    const stats = await ask('/stats?filter=downstream_rq_active', 'GET');
    if (stats === undefined || activeRequests(stats) === 0) return;
    await sleep(POLL);
  }
}

/** The requests under way in a list of statistics ("name: value" a line), without ours to the admin interface. */
export function activeRequests(stats: string): number {
  const counts = [...stats.matchAll(/^http\.(?!admin\.)\S*downstream_rq_active: (?<count>\d+)$/gmu)];
  return counts.reduce((sum, { groups }) => sum + Number(groups?.['count'] ?? 0), 0);
}
