import type { HeaderView } from '../processor/header-view.ts';
import type { Login } from './client.ts';
import { type Cookie, type CookieAttributes, isChunkOf, joined, parseCookies, setCookie } from './cookies.ts';
import { readSession, type ShownSession } from './session.ts';
import { openTokens, type Tokens } from './tokens.ts';

/** A request, as far as logins go. */
export interface Visit {
  readonly headers: HeaderView;
  /** "https" or "http", as the client speaks it. */
  readonly scheme: string;
  /** Host and port as the client states them. */
  readonly authority: string;
  /** "https://host:port". */
  readonly origin: string;
  /** With the query. */
  readonly target: string;
  /** Without the query. */
  readonly path: string;
  readonly cookies: readonly Cookie[];
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Reads a request. */
export function readVisit(headers: HeaderView, now: number): Visit {
  const scheme = (headers.get('x-forwarded-proto') ?? headers.get(':scheme')) === 'https' ? 'https' : 'http';
  const authority = headers.get(':authority') ?? '';
  const target = headers.get(':path') ?? '/';
  return {
    headers,
    scheme,
    authority,
    origin: `${scheme}://${authority}`,
    target,
    path: target.split(/[?#]/u, 1)[0] ?? '/',
    cookies: parseCookies(headers.get('cookie')),
    now,
  };
}

/** The session of a request. Of several cookies of that name, which another host of the domain may have set, one is good. */
export function sessionOfVisit(login: Login, { cookies, now }: Visit): ShownSession | undefined {
  for (const { name, value } of cookies) {
    const session = name === login.client.cookies.session ? readSession(login, value, now) : undefined;
    if (session !== undefined) return session;
  }
  return undefined;
}

/** The tokens of a request. */
export function tokensOfVisit(login: Login, { cookies, now }: Visit): Tokens | undefined {
  const sealed = joined(login.client.cookies.tokens, cookies);
  return sealed === undefined ? undefined : openTokens(login, sealed, now);
}

/** What every cookie of a login has. */
export function attributesOf({ client }: Login, { scheme }: Visit): Omit<CookieAttributes, 'maxAge'> {
  const { domain, sameSite } = client.cookies;
  return { path: '/', domain, sameSite: sameSite === '' ? 'Lax' : sameSite, secure: scheme === 'https' };
}

/** What the cookie of a login under way has: the provider sends the browser back from another site. */
export function flowAttributesOf(login: Login, visit: Visit): Omit<CookieAttributes, 'maxAge'> {
  const attributes = attributesOf(login, visit);
  const sameSite = attributes.sameSite === 'None' ? 'None' : 'Lax';
  return { ...attributes, path: login.client.callbackPath, sameSite };
}

/** Whether a cookie holds the session or tokens of a policy. */
export function isOfSession({ client }: Login, name: string): boolean {
  const { session, tokens, plainAccessToken, plainIdToken } = client.cookies;
  return name === session || isChunkOf(tokens, name) || [plainAccessToken, plainIdToken].includes(name);
}

/** Deletes what a browser has of a session, save the cookies of these names, which it is given anew. */
export function forgetSession(login: Login, visit: Visit, kept: ReadonlySet<string> = new Set()): readonly string[] {
  const names = new Set(visit.cookies.map(({ name }) => name).filter((name) => isOfSession(login, name)));
  return [...names.difference(kept)].map((name) => setCookie(name, '', { ...attributesOf(login, visit), maxAge: 0 }));
}

/** Deletes the cookies of all logins under way that a browser shows. */
export function forgetFlows(login: Login, visit: Visit): readonly string[] {
  const names = new Set(visit.cookies.map(({ name }) => name).filter((name) => isFlow(login, name)));
  return [...names].map((name) => setCookie(name, '', { ...flowAttributesOf(login, visit), maxAge: 0 }));
}

function isFlow({ client }: Login, name: string): boolean {
  return name.startsWith(`${client.cookies.flow}-`);
}
