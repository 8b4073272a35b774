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

/** How long an Envoy may take to say that it serves, before it is taken for one that does not. Milliseconds. */
const BUSY = 10_000;

/** How many listeners an Envoy has at work; 0 where it does not answer, though it is given time: it may be busy. */
export async function listenersOf(addressFile: string): Promise<number> {
  const stats = await askAdmin(addressFile, `/stats?filter=${STATS}`, 'GET', BUSY);
  return Math.max(countIn(stats, 'listeners_active'), 0);
}

function countIn(stats: string | undefined, name: string): number {
  return Number(new RegExp(`${name}: (\\d+)`, 'u').exec(stats ?? '')?.[1] ?? -1);
}

/**
 * Resolves when Envoy accepts connections on every listener it has been given: it acknowledges a listener that still
 * waits for its routes. Gives up when `stop` is aborted.
 */
export async function untilListening(addressFile: string, listeners: number, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    const stats = await askAdmin(addressFile, `/stats?filter=${STATS}`);
    const count = (name: string): number => countIn(stats, name);
    const isActive = count('listeners_active') === listeners && count('listeners_warming') === 0;
    // An active listener is with the workers only once each of them has said so.
    if (isActive && count('listener_create_success') >= listeners * count('server.concurrency')) return true;
    await sleep(POLL);
  }
  return false;
}

/** How an Envoy takes leave (EnvoyProxy `shutdown`), in milliseconds. */
export interface Leave {
  /** Until its health checks fail. */
  readonly failAfter: number;
  /** At least until it ends: so long clients may still be sent to it. */
  readonly least: number;
  /** At most until it ends. */
  readonly most: number;
  /** So long it waits at most for connections to end once it takes no more of them. */
  readonly linger?: number;
}

/**
 * Lets an Envoy that is about to end finish the requests it has: clients are told to close their connections, then nothing new
 * is accepted, and what is under way is waited for. At once when there is none and nobody says how long it is to be there.
 */
export async function drain(addressFile: string, { failAfter, least, most, linger = 0 }: Leave): Promise<void> {
  const began = Date.now();
  const deadline = began + most;
  const ask = (path: string, method: 'GET' | 'POST'): Promise<string | undefined> =>
    askAdmin(addressFile, path, method, Math.min(PATIENCE, deadline - Date.now()));
  const pause = (until: number): Promise<void> => sleep(Math.max(Math.min(until, deadline) - Date.now(), 0));
  if (failAfter > 0) {
    if ((await ask('/drain_listeners?graceful&skip_exit', 'POST')) === undefined) return;
    await pause(began + failAfter);
  }
  // Health checks fail, HTTP/1 answers say "connection: close", HTTP/2 connections get a GOAWAY.
  if ((await ask('/healthcheck/fail', 'POST')) === undefined) return;
  if (least > 0) await pause(began + least);
  await ask('/drain_listeners', 'POST');
  const lingersUntil = Math.min(Date.now() + linger, deadline);
  while (Date.now() < lingersUntil) {
    // A connection that has just been made may have its request still before it.
    const stats = await ask('/stats?filter=downstream_cx_active', 'GET');
    if (stats === undefined || activeIn(stats, 'cx') === 0) break;
    await sleep(POLL);
  }
  while (Date.now() < deadline) {
    const stats = await ask('/stats?filter=downstream_rq_active', 'GET');
    if (stats === undefined || activeRequests(stats) === 0) return;
    await sleep(POLL);
  }
}

/** The requests under way in a list of statistics ("name: value" a line), without ours to the admin interface. */
export function activeRequests(stats: string): number {
  return activeIn(stats, 'rq');
}

function activeIn(stats: string, what: 'rq' | 'cx'): number {
  const pattern = new RegExp(`^http\\.(?!admin\\.)\\S*downstream_${what}_active: (?<count>\\d+)$`, 'gmu');
  const counts = [...stats.matchAll(pattern)];
  return counts.reduce((sum, { groups }) => sum + Number(groups?.['count'] ?? 0), 0);
}
