import { createHash } from 'node:crypto';
import type { Respond } from '../processor/results.ts';
import { redirect, unauthorized } from './answers.ts';
import { authorizationUrl } from './authorization-url.ts';
import type { Login } from './client.ts';
import { setCookie } from './cookies.ts';
import { beginFlow, type Wanted } from './flow.ts';
import { isAnyMet } from './header-test.ts';
import { flowAttributesOf, forgetSession, type Visit } from './visit.ts';

/** A longer path is not returned to: the provider has to carry it. Bytes. */
const LONGEST_TARGET = 2_000;

/** Sends somebody without a session to log in, or refuses a script that could make nothing of it. */
export function logIn(login: Login, visit: Visit): Respond {
  const { client } = login;
  const forgotten = forgetSession(login, visit);
  if (isAnyMet(client.denyRedirect, visit.headers)) return unauthorized('a session is needed\n', forgotten);
  const path = visit.target.startsWith('/') && visit.target.length <= LONGEST_TARGET ? visit.target : '/';
  return sendToProvider(login, visit, { origin: visit.origin, path, attempt: 0 }, forgotten);
}

/** Sends a browser to the provider, to come back and go on to where its user wants to go. */
export function sendToProvider(
  login: Login,
  visit: Visit,
  wanted: Omit<Wanted, 'redirectUri'>,
  setCookies: readonly string[],
): Respond {
  const { client } = login;
  const redirectUri = redirectUriOf(client.redirectUrl, visit);
  const { flow, cookie, state } = beginFlow(login, { ...wanted, redirectUri }, visit.now);
  const challenge = createHash('sha256').update(flow.verifier).digest('base64url');
  const flowCookie = setCookie(cookie.name, cookie.value, {
    ...flowAttributesOf(login, visit),
    maxAge: client.flowTtl,
  });
  return redirect(authorizationUrl(client, flow, state, challenge), [...setCookies, flowCookie]);
}

/** The URL that the provider sends browsers back to, its placeholders filled in from the request. */
function redirectUriOf(template: string, { headers, scheme }: Visit): string {
  return template.replaceAll(/%REQ\(([^)]+)\)%/giu, (_, name: string) =>
    name.toLowerCase() === 'x-forwarded-proto' ? scheme : (headers.get(name) ?? ''),
  );
}
