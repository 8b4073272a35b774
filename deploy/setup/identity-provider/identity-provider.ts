/**
 * A small OpenID provider on loopback, for the demonstration and for tests: discovery, authorization code flow with PKCE,
 * refresh tokens that change with each use, logout. Anybody may be anybody: never let it guard a thing.
 *
 * In: what a browser and a client ask. Out: codes, tokens, keys.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type Alterations, KEY_SET, TokenDesk, type TokenOptions } from './tokens.ts';

/** How a provider is set up. */
export interface IdentityProviderOptions extends TokenOptions {
  /** 0: any. */
  readonly port: number;
  readonly clientSecret: string;
  /** Where browsers may be sent back to. */
  readonly redirectUris: readonly string[];
  /** What it calls itself, where that is not its address, and what it proves that with. */
  readonly identity?: { readonly issuer: string; readonly certificate: string; readonly key: string };
}

/** A provider that serves. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly port: number;
  /** How often tokens were asked for, by kind of grant. */
  readonly grants: ReadonlyMap<string, number>;
  /** From now on; for tests. */
  alter(alterations: Alterations): void;
  stop(): Promise<void>;
}

/** What is answered: a page, JSON, or a redirect. */
interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

/** Starts a provider on 127.0.0.1. */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const desk = new TokenDesk(options);
  const grants = new Map<string, number>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(request, { options, desk, grants }).then((made) => send(response, made));
  };
  const { identity } = options;
  const server =
    identity === undefined
      ? createServer(handle)
      : createTlsServer({ cert: identity.certificate, key: identity.key }, handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  desk.issuer = identity?.issuer ?? `http://127.0.0.1:${port}`;
  return {
    issuer: desk.issuer,
    port,
    grants,
    alter: (alterations) => {
      desk.alterations = alterations;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Provider {
  readonly options: IdentityProviderOptions;
  readonly desk: TokenDesk;
  readonly grants: Map<string, number>;
}

async function answer(request: IncomingMessage, provider: Provider): Promise<Answer> {
  const { desk, grants, options } = provider;
  const url = new URL(request.url ?? '/', desk.issuer);
  switch (url.pathname) {
    case '/.well-known/openid-configuration':
      return json(200, discovery(desk.issuer));
    case '/keys':
      return json(200, KEY_SET);
    case '/authorize':
      return authorize(request, url.searchParams, provider);
    case '/token': {
      const parameters = new URLSearchParams(await textOf(request));
      const kind = parameters.get('grant_type') ?? 'none';
      grants.set(kind, (grants.get(kind) ?? 0) + 1);
      if (request.headers.authorization !== basic(options)) return json(401, { error: 'invalid_client' });
      const granted = desk.grant(parameters);
      return json('error' in granted ? 400 : 200, granted);
    }
    case '/logout':
      return redirect(url.searchParams.get('post_logout_redirect_uri') ?? '/', {
        'set-cookie': 'idp_user=; Path=/; Max-Age=0',
      });
    default:
      return page(404, 'There is nothing here.');
  }
}

/** OpenID Connect Discovery 1.0 section 3. */
function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    end_session_endpoint: `${issuer}/logout`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
  };
}

/** Logs in whom the page or the browser's cookie names; who wants no page, as curl does, is the first user. */
function authorize(request: IncomingMessage, query: URLSearchParams, { options, desk }: Provider): Answer {
  const redirectUri = query.get('redirect_uri') ?? '';
  const challenge = query.get('code_challenge');
  if (query.get('client_id') !== options.clientId || !options.redirectUris.includes(redirectUri)) {
    return page(400, 'This client, or where it wants users to be sent back to, is not known.');
  }
  if (challenge === null || query.get('code_challenge_method') !== 'S256') return page(400, 'PKCE is needed.');
  const users = Object.keys(options.users);
  const wantsPage = request.headers.accept?.includes('text/html') === true;
  const known = /(?:^|; )idp_user=(\w+)/u.exec(request.headers.cookie ?? '')?.[1];
  const user = [query.get('user'), known, wantsPage ? undefined : users[0]].find((name) => users.includes(name ?? ''));
  if (user === undefined || user === null) return page(200, chooseUser(query, users));
  const back = new URLSearchParams({
    code: desk.code({ user, redirectUri, nonce: query.get('nonce') ?? undefined, challenge }),
    state: query.get('state') ?? '',
    iss: desk.issuer,
  });
  const { callback = (same: URLSearchParams): URLSearchParams => same } = desk.alterations;
  return redirect(`${redirectUri}?${callback(back).toString()}`, {
    'set-cookie': `idp_user=${user}; Path=/; HttpOnly`,
  });
}

function chooseUser(query: URLSearchParams, users: readonly string[]): string {
  const links = users.map((user) => {
    const next = new URLSearchParams(query);
    next.set('user', user);
    return `<p><a href="/authorize?${next.toString().replaceAll('&', '&amp;')}">Log in as ${user}</a></p>`;
  });
  return `<h1>Who are you?</h1>${links.join('')}`;
}

function basic({ clientId, clientSecret }: IdentityProviderOptions): string {
  const text = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function json(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function page(status: number, body: string): Answer {
  const html = `<!doctype html><meta charset="utf-8"><title>Identity provider</title>${body}\n`;
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: html };
}

function redirect(location: string, headers: { readonly [name: string]: string }): Answer {
  return { status: 302, headers: { ...headers, location }, body: '' };
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}
