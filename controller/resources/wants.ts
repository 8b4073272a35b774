/**
 * What translation needs from outside and cannot wait for: it asks, goes on without, and is done again when there is an
 * answer.
 */
import { createHash } from 'node:crypto';

/** Something from outside that a policy needs. */
export type Want = DocumentWant;

/** A document that is fetched from a URL. */
export type DocumentWant = KeySetWant | DiscoveryWant;

/** A JSON Web Key Set (RFC 7517). */
export interface KeySetWant extends Fetching {
  readonly kind: 'KeySet';
}

/** What an OpenID provider says of itself (OpenID Connect Discovery 1.0 section 4). */
export interface DiscoveryWant extends Fetching {
  readonly kind: 'Discovery';
  /** Who it has to be about. */
  readonly issuer: string;
}

interface Fetching {
  readonly url: string;
  /** Where to ask instead of at the host of the URL, in order; that host without. */
  readonly via?: readonly Via[];
  /** For how long an answer is not asked for again, in milliseconds. */
  readonly refresh: number;
  /** The pause before a first failure is made good, in milliseconds. */
  readonly retry: number;
}

/** A host name or IP address, and a port. */
export interface Via {
  readonly host: string;
  readonly port: number;
}

/** What answers a want for a document. */
export type DocumentAnswer =
  /** It was fetched, and is what it should be. */
  | { readonly kind: 'document'; readonly text: string }
  /** Nobody asked: without a network the compiler shows what would be if there were an answer. */
  | { readonly kind: 'assumed' };

/** What is known about a want. */
export interface Answered {
  /** The last good answer. */
  readonly answer: DocumentAnswer | undefined;
  /** Why it could not be had when it was asked for last; `undefined` when it could. */
  readonly failure: string | undefined;
}

/** Text that is equal for wants that one answer is enough for: how long it is good is not part of it. */
export function wantKey(want: Want): string {
  const { kind, url, via = [] } = want;
  const issuer = want.kind === 'Discovery' ? want.issuer : '';
  return JSON.stringify([kind, url, issuer, ...via.map(({ host, port }) => `${host}:${port}`)]);
}

/** A short name of a want, for those who cannot be expected to know its key: 16 hexadecimal digits. */
export function wantId(want: Want): string {
  return createHash('sha256').update(wantKey(want)).digest('hex').slice(0, 16);
}

/** One want for each key, with the shortest times of those that share it; in the order of their keys. */
export function distinctWants(wants: Iterable<Want>): readonly Want[] {
  const byKey = new Map<string, Want>();
  for (const want of wants) {
    const key = wantKey(want);
    const known = byKey.get(key);
    const refresh = Math.min(want.refresh, known?.refresh ?? Infinity);
    const retry = Math.min(want.retry, known?.retry ?? Infinity);
    byKey.set(key, { ...want, refresh, retry });
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, want]) => want);
}
