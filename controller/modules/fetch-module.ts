import type { GuardedFetch } from '#extproc/outbound/guarded-fetch.ts';
import { type Credentials, entryFor, parseDockerConfig } from '../oci/credentials.ts';
import { userCredentials } from '../oci/docker-config.ts';
import { checkModule } from '../oci/image-module.ts';
import { LIMITS } from '../oci/limits.ts';
import { lookUpDigest, type PullOptions, pullModule } from '../oci/pull.ts';
import { type ImageReference, parseReference } from '../oci/reference.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { ModuleAnswer, ModuleSource, ModuleWant, PullCredentials } from '../resources/wants.ts';
import type { LibraryModule } from './module-library.ts';
import { Turns } from './turns.ts';

/** What fetching modules works with. */
export interface ModuleFetching {
  readonly fetch: GuardedFetch;
  /** Base URLs that are asked before a registry itself, by the registry's host. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
  /** The environment of this process: where its user's credentials are. */
  readonly env: NodeJS.ProcessEnv;
  /** Keeps a module that was fetched. */
  readonly keep: (module: LibraryModule) => Promise<void>;
}

type ImageSource = ModuleSource & { readonly kind: 'image' };
type UrlSource = ModuleSource & { readonly kind: 'url' };
type Answered = ModuleAnswer & { readonly kind: 'module' };

/** The longest that a module from a URL may take. Milliseconds. */
const LONGEST = 120_000;
/** Modules are in memory while they are fetched and unpacked; a host that hangs must not keep others waiting. */
const MOST_AT_A_TIME = { each: 2, all: 16 } as const;

/**
 * Makes what fetches modules. Whoever asks for one fetches it by himself and with his own credentials, whatever others have
 * fetched: that bytes of a digest are there does not say that he may have them. `known` is what he was answered before.
 */
export function moduleFetcher(
  options: ModuleFetching,
): (want: ModuleWant, known: ModuleAnswer | undefined, signal: AbortSignal) => Promise<Outcome<ModuleAnswer>> {
  const turns = new Turns(MOST_AT_A_TIME);
  return async ({ source, refresh, authorities }, known, signal) => {
    const before = known?.kind === 'module' ? known : undefined;
    if (before !== undefined && refresh === Infinity) return success(before);
    const fetch: GuardedFetch = async (request) => options.fetch({ ...request, signal, authorities });
    return turns.take(hostOf(source), async () => {
      if (signal.aborted) return refusal('Canceled', 'nobody wants it any more');
      switch (source.kind) {
        case 'image':
          return fromRegistry(source, before, { ...options, fetch });
        case 'url':
          return fromUrl(source, before, { ...options, fetch });
        default:
          return source satisfies never;
      }
    });
  };
}

function hostOf(source: ModuleSource): string {
  if (source.kind === 'url') return URL.parse(source.url)?.host ?? '';
  const parsed = parseReference(source.reference);
  return parsed.ok ? parsed.value.registry : '';
}

async function fromRegistry(
  source: ImageSource,
  before: Answered | undefined,
  { fetch, mirrors, env, keep }: ModuleFetching,
): Promise<Outcome<ModuleAnswer>> {
  const parsed = parseReference(source.reference);
  if (!parsed.ok) return parsed;
  const reference = parsed.value;
  const credentials = await credentialsFor(source.credentials, reference, env);
  if (!credentials.ok) return credentials;
  const options: PullOptions = { fetch, mirrors, reference, credentials: credentials.value };
  if (before?.revision !== undefined) {
    const digest = await lookUpDigest(options);
    if (digest.ok && digest.value === before.revision) return success(before);
  }
  const pulled = await pullModule(options);
  if (!pulled.ok) {
    const message = `${source.reference}: ${pulled.refusal.message}`;
    return refusal(pulled.refusal.reason, `${message}${await tagInstead(options, pulled.refusal.reason)}`);
  }
  const { image, module } = pulled.value;
  await keep({ digest: module.digest, bytes: module.bytes });
  return success({ kind: 'module', digest: module.digest, revision: image.digest });
}

/** What a tag leads to, where there is no image of the digest that stands beside it. */
async function tagInstead(options: PullOptions, reason: string): Promise<string> {
  const { tag, digest } = options.reference;
  if (reason !== 'NotFound' || tag === undefined || digest === undefined) return '';
  const found = await lookUpDigest({ ...options, reference: { ...options.reference, digest: undefined } });
  return found.ok ? `; the image of tag ${tag} has the digest ${found.value}` : '';
}

async function credentialsFor(
  credentials: PullCredentials,
  reference: ImageReference,
  env: NodeJS.ProcessEnv,
): Promise<Outcome<Credentials | undefined>> {
  switch (credentials.kind) {
    case 'none':
      return success(undefined);
    case 'user':
      return userCredentials(reference, env);
    case 'secret': {
      const config = parseDockerConfig(Buffer.from(credentials.secret.text()));
      if (!config.ok) return config;
      // Its helpers are names of programs: nobody who writes a Secret runs one here.
      return success(entryFor(config.value.auths, reference.registry, reference.repository));
    }
    default:
      return credentials satisfies never;
  }
}

async function fromUrl(
  { url, digest }: UrlSource,
  before: Answered | undefined,
  { fetch, keep }: ModuleFetching,
): Promise<Outcome<ModuleAnswer>> {
  const found = await fetch({
    purpose: 'module',
    url,
    headers: before?.revision === undefined ? {} : { 'if-none-match': before.revision },
    limit: LIMITS.module,
    timeout: LONGEST,
  });
  if (!found.ok) return found;
  const { status, headers, body } = found.value;
  if (status === 304 && before !== undefined) return success(before);
  if (status !== 200) return refusal('BadStatus', `${url}: found status ${status}, accepted is 200`);
  const module = checkModule(body);
  if (!module.ok) return refusal('Malformed', `${url}: ${module.refusal.message}`);
  if (digest !== undefined && module.value.digest !== digest) {
    return refusal('DigestMismatch', `${url}: found a module of ${module.value.digest}, accepted is ${digest}`);
  }
  await keep(module.value);
  return success({ kind: 'module', digest: module.value.digest, revision: headers['etag'] });
}
