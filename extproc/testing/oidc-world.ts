import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import type { Fetch, Login, OidcClient } from '../oidc/client.ts';
import { OidcClients } from '../oidc/clients.ts';
import { oidcProcessor } from '../oidc/oidc.ts';
import type { StreamHandler } from '../processor/define-processor.ts';
import type { HeaderValues, PhaseResult } from '../processor/results.ts';
import { CookieJar } from './cookie-jar.ts';
import { receivedHeaders } from './received-headers.ts';

/** The gateway of tests. */
export const GATEWAY = 'http://shop.test';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** The keys of tests. */
export const KEYS = {
  session: [{ kid: 'k1', privateKey: createPrivateKey(pem()), publicKey: createPublicKey(pem()) }],
  sealing: [randomBytes(32)],
};

function pem(): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A client of a provider. */
export function oidcClient(issuer: string, more: Partial<OidcClient> = {}, policy = 'default/shop'): OidcClient {
  return {
    id: `${policy}/1`,
    provider: {
      issuer,
      authorizationEndpoint: `${issuer}/authorize`,
      tokenEndpoint: `${issuer}/token`,
      endSessionEndpoint: `${issuer}/logout`,
      jwksUri: `${issuer}/keys`,
      via: undefined,
    },
    clientId: 'shop',
    clientSecret: 'a-secret_~ %:',
    scopes: ['openid', 'profile'],
    resources: [],
    redirectUrl: '%REQ(x-forwarded-proto)%://%REQ(:authority)%/oauth2/callback',
    callbackPath: '/oauth2/callback',
    logoutPath: '/logout',
    cookies: {
      session: 'sluice-session-a',
      tokens: 'sluice-tokens-a',
      flow: 'sluice-flow-a',
      domain: '',
      sameSite: '',
      plainAccessToken: undefined,
      plainIdToken: undefined,
    },
    session: {
      audience: `${policy}#session`,
      seal: `${policy}#seal`,
      claims: [['email'], ['realm', 'roles']],
      defaultTtl: 0,
      refresh: true,
      defaultRefreshTtl: 604_800,
    },
    forwardsAccessToken: false,
    idTokenHeader: undefined,
    denyRedirect: [],
    flowTtl: 600,
    ...more,
  };
}

/** What a browser got. */
export interface Page {
  readonly url: string;
  /** 200 also when the gateway let the request through. */
  readonly status: number;
  /** What the back-end would have got, when the request went through. */
  readonly upstream: ReadonlyMap<string, string> | undefined;
  readonly location: string | undefined;
  readonly body: string;
  readonly setCookies: readonly string[];
}

/** Logins behind a gateway that has no filter: every request goes to the sidecar. */
export interface OidcWorld {
  readonly clients: OidcClients;
  readonly logins: readonly Login[];
  /** A browser of its own. */
  browser(): Browser;
}

/** A browser that knows the gateway, and reaches everything else over the network. */
export interface Browser {
  readonly jar: CookieJar;
  /** Asks once; a URL of the gateway may be its path alone. */
  visit(url: string, headers?: Readonly<Record<string, string>>): Promise<Page>;
  /** Asks, and follows redirects. */
  browse(url: string, headers?: Readonly<Record<string, string>>): Promise<Page>;
}

/** Options of a world. */
export interface OidcWorldOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly fetch?: Fetch;
}

/** Makes a world of these clients; the first serves all paths, the second, if any, those below /other. */
export function oidcWorld(
  clients: readonly OidcClient[],
  { now = Date.now, fetch: own }: OidcWorldOptions = {},
): OidcWorld {
  const fetchOver: Fetch = (url, { method, headers, body, signal }) =>
    fetch(url, { method, headers, body: body ?? null, signal: signal ?? null });
  const logins = clients.map((client): Login => ({ client, keys: KEYS, fetch: own ?? fetchOver }));
  const book = new OidcClients(now);
  book.take(logins);
  const processor = oidcProcessor(book, pino({ level: 'silent' }), now);
  const browser = (): Browser => {
    const jar = new CookieJar();
    const visit: Browser['visit'] = async (target, headers = {}) => {
      const url = new URL(target, GATEWAY);
      const cookie = jar.header(url);
      const sent = { ...(cookie === undefined ? {} : { cookie }), ...headers };
      if (url.host !== new URL(GATEWAY).host) return network(url, sent, jar);
      const id = clients[url.pathname.startsWith('/other') ? 1 : 0]?.id ?? 'none';
      const handle = processor.open({ policy: id, signal: new AbortController().signal });
      const page = await throughGateway(handle, url, sent);
      jar.take(url.host, page.setCookies);
      return page;
    };
    return {
      jar,
      visit,
      browse: async (target, headers) => {
        let page = await visit(target, headers);
        for (let hops = 0; page.location !== undefined && hops < 10; hops += 1) {
          page = await visit(new URL(page.location, page.url).href, headers);
        }
        return page;
      },
    };
  };
  return { clients: book, logins, browser };
}

async function throughGateway(
  handle: StreamHandler,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Page> {
  const pseudo = {
    ':method': 'GET',
    ':path': url.pathname + url.search,
    ':authority': url.host,
    'x-forwarded-proto': url.protocol.slice(0, -1),
  };
  const sent = { ...pseudo, ...headers };
  const message = { attributes: {}, metadata: {}, endOfStream: true };
  const asked = { ...message, kind: 'requestHeaders', headers: receivedHeaders(Object.entries(sent)) } as const;
  const result = await handle(asked);
  if (result?.kind === 'respond') {
    return {
      url: url.href,
      status: result.status,
      upstream: undefined,
      location: first(result.headers?.['location']),
      body: String(result.body ?? ''),
      setCookies: list(result.headers?.['set-cookie']),
    };
  }
  const upstream = new Map(Object.entries(sent));
  for (const [name, value] of Object.entries(result?.headers?.set ?? {})) upstream.set(name, String(value));
  const answered = await handle({
    ...message,
    kind: 'responseHeaders',
    headers: receivedHeaders([[':status', '200']]),
  });
  return { url: url.href, status: 200, upstream, location: undefined, body: '', setCookies: appended(answered) };
}

function appended(result: PhaseResult | void): readonly string[] {
  return result?.kind === 'continue' ? list(result.headers?.append?.['set-cookie']) : [];
}

async function network(url: URL, headers: Readonly<Record<string, string>>, jar: CookieJar): Promise<Page> {
  const response = await fetch(url, { headers, redirect: 'manual' });
  const setCookies = response.headers.getSetCookie();
  jar.take(url.host, setCookies);
  return {
    url: url.href,
    status: response.status,
    upstream: undefined,
    location: response.headers.get('location') ?? undefined,
    body: await response.text(),
    setCookies,
  };
}

function list(value: HeaderValues[string] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function first(value: HeaderValues[string] | undefined): string | undefined {
  return list(value)[0];
}
