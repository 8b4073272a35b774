import { isObject } from '#controller/api/compile.ts';
import type { HeldRoute, RejectedResource } from '#controller/status/live-status.ts';
import type { ProxyRejections } from '#controller/status/rejections.ts';

/** So much is told at most, in bytes: an object of the API holds a mebibyte, and each change of it is told to every replica. */
const MOST_BYTES = 256 * 1024;
/** The longest message of one line. */
const LONGEST = 1_024;

/** What is rejected, and of how much of it there was no space to tell. */
export interface RejectionText {
  /** A line of JSON for each; empty where nothing is rejected. */
  readonly text: string;
  readonly leftOut: number;
}

/**
 * What proxies reject as text, the same for the same: resources first, which say what is wrong, then routes, of which one line
 * for each object is enough for its status.
 */
export function writeRejections(proxies: readonly ProxyRejections[], most = MOST_BYTES): RejectionText {
  const lines: string[] = [];
  let [bytes, leftOut] = [0, 0];
  for (const line of linesOf(proxies.toSorted((a, b) => (a.key < b.key ? -1 : 1)))) {
    const size = Buffer.byteLength(line) + 1;
    if (bytes + size > most) leftOut += 1;
    else {
      bytes += size;
      lines.push(line);
    }
  }
  return { text: lines.map((line) => `${line}\n`).join(''), leftOut };
}

/** Reads it back; lines that are none are passed over, as a later version may write others. */
export function readRejections(text: string): readonly ProxyRejections[] {
  const proxies = new Map<string, { rejected: RejectedResource[]; rejectedRoutes: HeldRoute[] }>();
  for (const line of text.split('\n')) {
    const { proxy, resource, route } = parsed(line);
    if (typeof proxy !== 'string') continue;
    const of = proxies.get(proxy) ?? { rejected: [], rejectedRoutes: [] };
    of.rejected.push(...resourcesIn(resource));
    of.rejectedRoutes.push(...routesIn(route));
    proxies.set(proxy, of);
  }
  return [...proxies].map(([key, of]) => ({ key, ...of }));
}

function* linesOf(proxies: readonly ProxyRejections[]): Iterable<string> {
  for (const { key, rejected } of proxies) {
    for (const { type, name, message, policies, instead } of rejected) {
      yield JSON.stringify({ proxy: key, resource: { type, name, message: cut(message), policies, instead } });
    }
  }
  for (const { key, rejectedRoutes } of proxies) {
    const told = new Set<string>();
    for (const { name, because, isClosed, message } of rejectedRoutes) {
      // "<kind>/<namespace>/<name>", and then which part of it.
      const object = name.split('/', 3).join('/');
      if (told.has(object)) continue;
      told.add(object);
      yield JSON.stringify({ proxy: key, route: { name, because, isClosed, message: cut(message) } });
    }
  }
}

function cut(message: string): string {
  return message.length > LONGEST ? `${message.slice(0, LONGEST)}...` : message;
}

function parsed(line: string): { readonly [field: string]: unknown } {
  if (line === '') return {};
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function resourcesIn(value: unknown): readonly RejectedResource[] {
  const { type, name, message, policies, instead } = isObject(value) ? value : {};
  if (typeof type !== 'string' || typeof name !== 'string' || typeof message !== 'string') return [];
  const named = Array.isArray(policies) ? policies.filter((policy) => typeof policy === 'string') : [];
  const isOther = instead === 'earlier patches' || instead === 'error';
  return [{ type, name, message, policies: named, ...(isOther ? { instead } : {}) }];
}

function routesIn(value: unknown): readonly HeldRoute[] {
  const { name, because, isClosed, message } = isObject(value) ? value : {};
  if (typeof name !== 'string' || typeof message !== 'string') return [];
  return [
    {
      name,
      ...(typeof because === 'string' ? { because } : {}),
      ...(isClosed === true ? { isClosed } : {}),
      message,
    },
  ];
}
