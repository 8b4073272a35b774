import type { Logger } from 'pino';
import type { HeaderChanges, Respond } from '../processor/results.ts';
import { unavailable } from './answers.ts';
import { endLogin } from './callback.ts';
import type { Login } from './client.ts';
import { type Cookie, cookieHeader } from './cookies.ts';
import { giveSession } from './give-session.ts';
import { logIn } from './log-in.ts';
import { logOut } from './log-out.ts';
import type { Renewals } from './renewals.ts';
import type { Tokens } from './tokens.ts';
import type { UsedFlows } from './used-flows.ts';
import { isOfSession, sessionOfVisit, tokensOfVisit, type Visit } from './visit.ts';

/** What all requests share. */
export interface Shared {
  readonly renewals: Renewals;
  readonly used: UsedFlows;
  readonly log: Logger;
}

/** What becomes of a request. */
export type Handled =
  | { readonly kind: 'answered'; readonly answer: Respond }
  /** It goes on with these changes, and its answer tells the browser these cookies. */
  | { readonly kind: 'passed'; readonly headers: HeaderChanges; readonly setCookies: readonly string[] };

/**
 * Does for a request what the filter leaves to the sidecar: logs in, ends a login, logs out, renews a session, adds tokens.
 * Nothing goes on without a session that has not ended.
 */
export async function handleVisit(login: Login, visit: Visit, shared: Shared): Promise<Handled> {
  const { client } = login;
  if (visit.path === client.callbackPath) return answered(await endLogin(login, visit, shared));
  if (visit.path === client.logoutPath) return answered(logOut(login, visit));
  const session = sessionOfVisit(login, visit);
  const found = tokensOfVisit(login, visit);
  // The tokens of one and the session of another are nobody's.
  const tokens = session !== undefined && found?.sessionId !== session.id ? undefined : found;
  const isForwarding = client.forwardsAccessToken || client.idTokenHeader !== undefined;
  if (session !== undefined && (!isForwarding || (tokens !== undefined && tokens.accessExpires > visit.now))) {
    return passed(withCookies(forwarded(login, tokens), onlySession(login, visit, session.token)), []);
  }
  return tokens === undefined ? answered(logIn(login, visit)) : continued(login, visit, tokens, shared);
}

/** The cookies of a request without those that pretend to be its session: another host of the domain may have set them. */
function onlySession({ client }: Login, { cookies }: Visit, token: string): readonly Cookie[] {
  return cookies.filter(({ name, value }) => name !== client.cookies.session || value === token);
}

function withCookies(headers: HeaderChanges, cookies: readonly Cookie[]): HeaderChanges {
  return { ...headers, set: { ...headers.set, cookie: cookieHeader(cookies) } };
}

/** So many renewals are made for one request at most: of what was renewed for another, a moment ago, too. */
const MOST_RENEWALS = 3;

/** Lets somebody whose session has ended go on with their tokens, renewed where they have ended, too. */
async function continued(login: Login, visit: Visit, found: Tokens, { renewals, log }: Shared): Promise<Handled> {
  let tokens = found;
  for (let times = 0; tokens.accessExpires <= visit.now; times += 1) {
    if (tokens.refreshToken === undefined || times === MOST_RENEWALS) return answered(logIn(login, visit));
    const renewed = await renewals.renew(login, tokens, tokens.refreshToken);
    switch (renewed.kind) {
      case 'renewed':
        tokens = renewed.tokens;
        break;
      case 'refused':
        log.info({ policy: login.client.id, reason: renewed.reason }, 'a session is not renewed');
        return answered(logIn(login, visit));
      case 'unavailable':
        log.error({ policy: login.client.id, reason: renewed.reason }, 'the provider cannot be asked');
        return answered(unavailable('the session cannot be renewed now\n'));
      default:
        return renewed satisfies never;
    }
  }
  const given = giveSession(login, visit, tokens);
  if (given === undefined) {
    log.error({ policy: login.client.id, reason: 'the tokens are too large for cookies' }, 'a session is not renewed');
    return answered(logIn(login, visit));
  }
  const kept = visit.cookies.filter(({ name }) => !isOfSession(login, name));
  return passed(withCookies(forwarded(login, tokens), [...kept, ...given.cookies]), given.setCookies);
}

/** The tokens that go to the back-end. Whatever a client sent in their place does not. */
function forwarded({ client }: Login, tokens: Tokens | undefined): HeaderChanges {
  if (tokens === undefined) return {};
  const { accessToken, idToken } = tokens;
  const { idTokenHeader } = client;
  return {
    set: {
      ...(client.forwardsAccessToken ? { authorization: `Bearer ${accessToken}` } : {}),
      ...(idTokenHeader === 'authorization' ? { authorization: `Bearer ${idToken}` } : {}),
      ...(idTokenHeader === undefined || idTokenHeader === 'authorization' ? {} : { [idTokenHeader]: idToken }),
    },
  };
}

function answered(answer: Respond): Handled {
  return { kind: 'answered', answer };
}

function passed(headers: HeaderChanges, setCookies: readonly string[]): Handled {
  return { kind: 'passed', headers, setCookies };
}
