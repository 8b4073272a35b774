import type { FetchReason } from '#extproc/outbound/fetch-failure.ts';
import type { Fetched, FetchRequest, GuardedFetch } from '#extproc/outbound/guarded-fetch.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { parseChallenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { digestOf } from './image-module.ts';
import { LIMITS } from './limits.ts';
import { type Descriptor, isObject, type Manifest, parseManifest, parseObject } from './manifest.ts';
import { IMAGE_MANIFESTS, INDEXES } from './media-types.ts';
import { DIGEST, type ImageReference } from './reference.ts';

/** Why a registry did not give, or take, something. */
export type RegistryReason =
  /** Not without credentials, or not with these. */
  | 'Unauthorized'
  | 'NotFound'
  /** Too many requests; the message says for how long, where the registry does. */
  | 'Throttled'
  | 'Unavailable'
  | 'Forbidden'
  | 'DigestMismatch'
  | 'Malformed';

/** What a registry client works with. */
export interface RegistryOptions {
  readonly fetch: GuardedFetch;
  /** Where the registry is; a path is put before the names of its repositories. */
  readonly endpoint: URL;
  readonly reference: ImageReference;
  readonly credentials: Credentials | undefined;
  /** Whether the token is to allow writing. */
  readonly push?: boolean;
}

/** A manifest with the digest of its bytes. */
export interface FoundManifest {
  readonly digest: string;
  readonly mediaType: string | undefined;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

type Found<T> = Promise<Outcome<T, RegistryReason>>;

/** A request to the registry itself, or to where it sends us. */
interface Ask {
  readonly method: NonNullable<FetchRequest['method']>;
  readonly url: URL;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
  readonly limit: number;
  /** Milliseconds; that of the settings without. */
  readonly timeout?: number;
}

/** The longest that a layer may take. Milliseconds. */
const LONGEST = 120_000;

const ACCEPT = [...IMAGE_MANIFESTS, ...INDEXES].join(', ');

/** One repository of a registry (OCI Distribution Specification 1.1). What it sends is bounded and its digest verified. */
export class Repository {
  readonly #options: RegistryOptions;
  #authorization: string | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** The manifest of a tag or a digest. */
  async manifest(tagOrDigest: string): Found<FoundManifest> {
    const answer = await this.#send({
      method: 'GET',
      url: this.#url(`manifests/${tagOrDigest}`),
      headers: { accept: ACCEPT },
      limit: LIMITS.manifest,
    });
    if (!answer.ok) return answer;
    const { body } = answer.value;
    const digest = digestOf(body);
    const stated = tagOrDigest.startsWith('sha256:') ? tagOrDigest : answer.value.headers['docker-content-digest'];
    if (stated !== undefined && stated !== digest) return mismatch('manifest', stated, digest);
    const mediaType = answer.value.headers['content-type']?.split(';')[0]?.trim();
    const manifest = parseManifest(body, mediaType);
    return manifest.ok ? success({ digest, mediaType, bytes: body, manifest: manifest.value }) : manifest;
  }

  /** The digest of the manifest of a tag, as the registry states it. */
  async digest(tagOrDigest: string): Found<string> {
    const answer = await this.#send({
      method: 'HEAD',
      url: this.#url(`manifests/${tagOrDigest}`),
      headers: { accept: ACCEPT },
      limit: 0,
    });
    if (!answer.ok) return answer;
    const stated = answer.value.headers['docker-content-digest'];
    if (stated !== undefined && DIGEST.test(stated)) return success(stated);
    return refusal('Malformed', `${this.#options.endpoint.host} states no digest of ${tagOrDigest}`);
  }

  /** The blob of a descriptor; `descriptor.size` bounds what is read. */
  async blob({ digest, size }: Descriptor): Found<Uint8Array> {
    const answer = await this.#send({
      method: 'GET',
      url: this.#url(`blobs/${digest}`),
      limit: Math.min(size, LIMITS.layer),
      timeout: LONGEST,
    });
    if (!answer.ok) return answer;
    const { body } = answer.value;
    if (body.length !== size) {
      return refusal('DigestMismatch', `blob ${digest}: ${body.length} bytes came, the manifest says ${size}`);
    }
    const found = digestOf(body);
    return found === digest ? success(body) : mismatch('blob', digest, found);
  }

  /** Uploads a blob, unless the registry has it. Says whether it was sent. */
  async pushBlob(bytes: Uint8Array): Found<'sent' | 'present'> {
    const digest = digestOf(bytes);
    const head = await this.#send({ method: 'HEAD', url: this.#url(`blobs/${digest}`), limit: 0 });
    if (head.ok) return success('present');
    if (head.refusal.reason !== 'NotFound') return head;
    const begun = await this.#send({
      method: 'POST',
      url: this.#url('blobs/uploads/'),
      limit: LIMITS.answer,
    });
    if (!begun.ok) return begun;
    const location = begun.value.headers['location'];
    const url = location === undefined ? null : URL.parse(location, this.#url('blobs/uploads/').href);
    if (url === null) return refusal('Malformed', 'the registry names no place to upload to');
    url.searchParams.set('digest', digest);
    const put = await this.#send({
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
      limit: LIMITS.answer,
      timeout: LONGEST,
    });
    return put.ok ? success('sent') : put;
  }

  /** Uploads a manifest under a tag or its digest. */
  async pushManifest(tagOrDigest: string, mediaType: string, bytes: Uint8Array): Found<string> {
    const put = await this.#send({
      method: 'PUT',
      url: this.#url(`manifests/${tagOrDigest}`),
      headers: { 'content-type': mediaType },
      body: bytes,
      limit: LIMITS.answer,
    });
    if (!put.ok) return put;
    const digest = digestOf(bytes);
    const stored = put.value.headers['docker-content-digest'];
    return stored === undefined || stored === digest ? success(digest) : mismatch('manifest', digest, stored);
  }

  #url(path: string): URL {
    const { endpoint, reference } = this.#options;
    const prefix = endpoint.pathname.replace(/^\/|\/$/gu, '');
    return new URL(`/v2/${prefix === '' ? '' : `${prefix}/`}${reference.repository}/${path}`, endpoint);
  }

  async #send(ask: Ask): Found<Fetched> {
    const first = await this.#ask(ask);
    if (!first.ok || first.value.status !== 401) return this.#judge(first, ask.url);
    const allowed = await this.#authorize(first.value.headers['www-authenticate'] ?? '');
    return allowed.ok ? this.#judge(await this.#ask(ask), ask.url) : allowed;
  }

  async #ask({ url, headers, ...rest }: Ask): Promise<Outcome<Fetched, FetchReason>> {
    // Wherever an upload goes, what proves who we are is for the registry alone.
    const isOwn = url.origin === this.#options.endpoint.origin;
    const authorization = this.#authorization === undefined || !isOwn ? {} : { authorization: this.#authorization };
    return this.#options.fetch({
      purpose: 'image',
      url: url.href,
      headers: { ...headers, ...authorization },
      ...rest,
    });
  }

  /** Meets a challenge: afterwards requests carry what it asks for. */
  async #authorize(header: string): Promise<Outcome<undefined, RegistryReason>> {
    const { credentials, endpoint } = this.#options;
    if (this.#authorization !== undefined) return this.#unauthorized();
    if (credentials?.kind === 'registry-token') {
      this.#authorization = `Bearer ${credentials.token}`;
      return success(undefined);
    }
    const challenge = parseChallenge(header);
    if (challenge === undefined) {
      return refusal('Unauthorized', `${endpoint.host} asks for an authentication that is not known: ${quote(header)}`);
    }
    switch (challenge.kind) {
      case 'basic':
        if (credentials?.kind !== 'password') return this.#unauthorized();
        this.#authorization = basic(credentials);
        return success(undefined);
      case 'bearer': {
        const token = await this.#token(challenge.realm, challenge.service, challenge.scope);
        if (!token.ok) return token;
        this.#authorization = `Bearer ${token.value}`;
        return success(undefined);
      }
      default:
        return challenge satisfies never;
    }
  }

  async #token(realm: string, service: string | undefined, scope: string | undefined): Found<string> {
    const { fetch, endpoint, credentials, reference, push } = this.#options;
    const url = URL.parse(realm);
    if (url === null || (url.protocol !== 'https:' && url.protocol !== endpoint.protocol)) {
      // A password must not go over a network that the registry itself does not trust.
      return refusal('Malformed', `${endpoint.host} sends for a token to ${quote(realm)}; accepted is an https URL`);
    }
    const wanted = scope ?? `repository:${reference.repository}:${push === true ? 'pull,push' : 'pull'}`;
    const answer = await fetch(
      credentials?.kind === 'refresh-token'
        ? refreshRequest(url, credentials.token, service, wanted)
        : tokenRequest(url, credentials, service, wanted),
    );
    const judged = this.#judge(answer, url);
    if (!judged.ok) return judged;
    const { token, access_token: accessToken } = parseObject(judged.value.body) ?? {};
    const found = typeof token === 'string' && token !== '' ? token : accessToken;
    // It goes into a header: nothing in it may end one.
    if (typeof found === 'string' && /^[\x21-\x7e]+$/u.test(found)) return success(found);
    return refusal('Malformed', `${url.host} answered without a token`);
  }

  #judge(outcome: Outcome<Fetched, FetchReason>, url: URL): Outcome<Fetched, RegistryReason> {
    if (!outcome.ok) return refusal(REASONS[outcome.refusal.reason], outcome.refusal.message);
    const answer = outcome.value;
    const { status } = answer;
    if (status >= 200 && status < 300) return success(answer);
    const said = errorOf(answer.body);
    const text = `${url.host} answered ${status}${said === undefined ? '' : ` (${said})`} to ${url.pathname}`;
    if (status === 401 || status === 403) return this.#unauthorized(text);
    if (status === 404) return refusal('NotFound', text);
    if (status === 429) {
      const after = answer.headers['retry-after'];
      return refusal('Throttled', `${text}${after === undefined ? '' : `, to be asked again after ${quote(after)} s`}`);
    }
    return refusal('Unavailable', text);
  }

  #unauthorized(text?: string): Outcome<never, 'Unauthorized'> {
    const { credentials, endpoint } = this.#options;
    const which = credentials === undefined ? 'without credentials' : 'with these credentials';
    return refusal('Unauthorized', `${text ?? `${endpoint.host} does not allow it`}, ${which}`);
  }
}

/** What a fetch that failed means for who asked the registry. */
const REASONS: { readonly [R in FetchReason]: RegistryReason } = {
  BadUrl: 'Malformed',
  AddressRefused: 'Forbidden',
  NotResolved: 'Unavailable',
  Unreachable: 'Unavailable',
  TlsFailed: 'Unavailable',
  TimedOut: 'Unavailable',
  TooLarge: 'Malformed',
  BadRedirect: 'Malformed',
  BadEncoding: 'Malformed',
  Canceled: 'Unavailable',
};

function tokenRequest(
  realm: URL,
  credentials: Credentials | undefined,
  service: string | undefined,
  scope: string,
): FetchRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const one of scope.split(' ')) url.searchParams.append('scope', one);
  return {
    purpose: 'image',
    url: url.href,
    headers: credentials?.kind === 'password' ? { authorization: basic(credentials) } : {},
    limit: LIMITS.answer,
  };
}

function refreshRequest(url: URL, token: string, service: string | undefined, scope: string): FetchRequest {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'sluice',
    refresh_token: token,
    scope,
    ...(service === undefined ? {} : { service }),
  });
  return {
    purpose: 'image',
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new TextEncoder().encode(form.toString()),
    limit: LIMITS.answer,
  };
}

function basic({ username, password }: Credentials & { readonly kind: 'password' }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** What the registry says of an error (OCI Distribution Specification, "Error Codes"). */
function errorOf(body: Uint8Array): string | undefined {
  const { errors } = parseObject(body) ?? {};
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (!isObject(first) || typeof first['code'] !== 'string') return undefined;
  return plain(typeof first['message'] === 'string' ? `${first['code']}: ${first['message']}` : first['code']);
}

/** A stranger's words: short, and on one line. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, '?').slice(0, 120);
}

function quote(text: string): string {
  return JSON.stringify(plain(text));
}

function mismatch(what: string, stated: string, found: string): Outcome<never, 'DigestMismatch'> {
  return refusal('DigestMismatch', `${what} ${plain(stated)}: the bytes that came have the digest ${plain(found)}`);
}
