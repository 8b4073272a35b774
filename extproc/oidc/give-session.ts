import type { Login } from './client.ts';
import { chunked, type Cookie, setCookie } from './cookies.ts';
import { sealTokens, sessionOf, type Tokens } from './tokens.ts';
import { attributesOf, forgetSession, type Visit } from './visit.ts';

/** The cookies of a session that somebody is given. */
export interface GivenSession {
  /** As a request has them. */
  readonly cookies: readonly Cookie[];
  /** Values of `set-cookie`, which also delete what the browser had before. */
  readonly setCookies: readonly string[];
}

/**
 * Larger cookies would make the next request too large for Envoy, which takes 60 KiB of headers, or leave no room for those
 * of others. Bytes.
 */
const LARGEST = 40_000;
/** Browsers take no larger cookie; the session is one, which the filter reads. Bytes. */
const LARGEST_SESSION = 3_900;
/** What the value of a cookie may hold (RFC 6265 section 4.1.1). */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/u;

/** Gives somebody the session of these tokens; undefined when the tokens are too large for cookies. */
export function giveSession(login: Login, visit: Visit, tokens: Tokens): GivenSession | undefined {
  const { cookies } = login.client;
  const session: Cookie = { name: cookies.session, value: sessionOf(login, tokens, visit.now) };
  if (session.value.length > LARGEST_SESSION) return undefined;
  const plain = [
    ...plainCookie(cookies.plainAccessToken, tokens.accessToken),
    ...plainCookie(cookies.plainIdToken, tokens.idToken),
  ];
  const sealed = chunked(cookies.tokens, sealTokens(login, tokens));
  const all = [session, ...plain, ...sealed];
  if (all.reduce((size, { name, value }) => size + name.length + value.length + 3, 0) > LARGEST) return undefined;
  const attributes = attributesOf(login, visit);
  const short = { ...attributes, maxAge: tokens.accessExpires - visit.now };
  const long = { ...attributes, maxAge: tokens.expires - visit.now };
  return {
    cookies: all,
    setCookies: [
      ...forgetSession(login, visit, new Set(all.map(({ name }) => name))),
      ...[session, ...plain].map(({ name, value }) => setCookie(name, value, short)),
      ...sealed.map(({ name, value }) => setCookie(name, value, long)),
    ],
  };
}

function plainCookie(name: string | undefined, token: string): readonly Cookie[] {
  if (name === undefined) return [];
  return [{ name, value: COOKIE_VALUE.test(token) ? token : encodeURIComponent(token) }];
}
