/**
 * What translation needs from outside and cannot wait for: it asks, goes on without, and is done again when there is an
 * answer.
 */
import { createHash } from 'node:crypto';

/** Something from outside that a policy needs. */
export type Want = DocumentWant | ModuleWant;

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
  /** Where to ask instead of at the host of the URL. */
  readonly via?: Via;
  /** For how long an answer is not asked for again, in milliseconds. */
  readonly refresh: number;
  /** The pause before a first failure is made good, in milliseconds. */
  readonly retry: number;
  /** How long one try may take, in milliseconds; as the configuration says without it. */
  readonly timeout?: number;
}

/** A Wasm module, from a registry or from a URL. */
export interface ModuleWant {
  readonly kind: 'Module';
  readonly source: ModuleSource;
  /** Certificates in PEM of authorities that whoever asks for it trusts besides those of the configuration. */
  readonly authorities?: string;
  /** For how long an answer is not asked for again, in milliseconds; Infinity for one that is kept for ever. */
  readonly refresh: number;
  /** The pause before a first failure is made good, in milliseconds. */
  readonly retry: number;
}

/** Where a module is. */
export type ModuleSource =
  | {
      readonly kind: 'image';
      /** "registry/repository[:tag][@digest]"; the digest is that of the image. */
      readonly reference: string;
      readonly credentials: PullCredentials;
    }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Of the module: "sha256:" and 64 lower-case hexadecimal digits. */
      readonly digest: string | undefined;
    };

/** What proves to a registry who asks: nothing, what is in a Secret, or what the user has whose process this is. */
export type PullCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly secret: PullSecret }
  | { readonly kind: 'user' };

/** The content of a Secret. It is behind a function so that no output of a want ever has it. */
export interface PullSecret {
  /** Another one for another content, and for another namespace. */
  readonly id: string;
  /** A configuration of Docker, as JSON. */
  readonly text: () => string;
}

/** Back-ends that are asked for a URL, in order, until one lets itself be connected to. */
export interface Via {
  /** What they are called: they may move, and an answer stays good. */
  readonly name: string;
  readonly endpoints: readonly ViaEndpoint[];
  /** Certificates in PEM of who may sign theirs, where a policy says so. */
  readonly authorities?: string | undefined;
  /** Whom their certificates must be of, where it is not the host of the URL. */
  readonly serverName?: string | undefined;
}

/** A host name or IP address, and a port. */
export interface ViaEndpoint {
  readonly host: string;
  readonly port: number;
}

/** What answers a want for a document. */
export type DocumentAnswer =
  /** It was fetched, and is what it should be. */
  | { readonly kind: 'document'; readonly text: string }
  /** Nobody asked: without a network the compiler shows what would be if there were an answer. */
  | { readonly kind: 'assumed' };

/** What answers a want for a module. */
export type ModuleAnswer =
  /** It was fetched, and is what it should be. */
  | {
      readonly kind: 'module';
      /** Of the module: "sha256:" and 64 lower-case hexadecimal digits. */
      readonly digest: string;
      /** What tells this version from others where it was found: the digest of the image, or the ETag of the file. */
      readonly revision: string | undefined;
    }
  /** Nobody asked: see `DocumentAnswer`. */
  | { readonly kind: 'assumed' };

/** What answers a want of any kind. */
export type Answer = DocumentAnswer | ModuleAnswer;

/** What is known about a want. */
export interface Answered {
  /** The last good answer. */
  readonly answer: Answer | undefined;
  /** Why it could not be had when it was asked for last; `undefined` when it could. */
  readonly failure: string | undefined;
}

/** Text that is equal for wants that one answer is enough for: how long it is good is not part of it. */
export function wantKey(want: Want): string {
  switch (want.kind) {
    case 'KeySet':
      return documentKey(want, '');
    case 'Discovery':
      return documentKey(want, want.issuer);
    case 'Module':
      return moduleKey(want);
    default:
      return want satisfies never;
  }
}

function documentKey({ kind, url, via }: DocumentWant, issuer: string): string {
  // Who is expected there is more than a place: what others have said is not what these say.
  return JSON.stringify([kind, url, issuer, via?.name ?? '', via?.authorities ?? '', via?.serverName ?? '']);
}

/** A short name of a want, for those who cannot be expected to know its key: 16 hexadecimal digits. */
export function wantId(want: Want): string {
  return createHash('sha256').update(wantKey(want)).digest('hex').slice(0, 16);
}

/** What is private is one's own: it has one's credentials in its key. What is kept for ever is not what may change. */
function moduleKey({ kind, source, refresh, authorities }: ModuleWant): string {
  const kept = refresh === Infinity ? 'kept' : 'asked again';
  // What one has by trusting somebody is not had by who does not.
  const trusts = authorities === undefined ? [] : [authorities];
  if (source.kind === 'url') {
    return JSON.stringify([kind, kept, source.kind, source.url, source.digest ?? '', ...trusts]);
  }
  const { reference, credentials } = source;
  const who = credentials.kind === 'secret' ? credentials.secret.id : '';
  return JSON.stringify([kind, kept, source.kind, reference, credentials.kind, who, ...trusts]);
}

/**
 * One want for each key, in the order of their keys: asked for as often as any of those that share it says, with the longest time
 * for a try (that of the configuration where one says nothing), as nobody's settings may spoil what others need.
 */
export function distinctWants(wants: Iterable<Want>): readonly Want[] {
  const byKey = new Map<string, Want>();
  for (const want of wants) {
    const key = wantKey(want);
    const known = byKey.get(key);
    const refresh = Math.min(want.refresh, known?.refresh ?? Infinity);
    const retry = Math.min(want.retry, known?.retry ?? Infinity);
    byKey.set(key, { ...(known === undefined ? want : patient(known, want)), refresh, retry });
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, want]) => want);
}

/** Whichever of two wants gives a try more time. */
function patient(one: Want, other: Want): Want {
  if (one.kind === 'Module' || other.kind === 'Module' || one.timeout === undefined) return one;
  return other.timeout === undefined || other.timeout > one.timeout ? other : one;
}
