import type { Logger } from 'pino';
import type { Respond } from '../processor/results.ts';
import { redirect, redirectByPage, unauthorized, unavailable } from './answers.ts';
import type { Login } from './client.ts';
import { flowsOf, openState, type State } from './flow.ts';
import { giveSession } from './give-session.ts';
import { sendToProvider } from './log-in.ts';
import { tokensOf } from './tokens.ts';
import type { UsedFlows } from './used-flows.ts';
import { forgetFlows, sessionOfVisit, type Visit } from './visit.ts';

/** What ends of logins share. */
export interface Callbacks {
  readonly used: UsedFlows;
  readonly log: Logger;
}

/**
 * Ends a login: the provider has sent the browser back. A session is given only to the browser that began the login, for a
 * code that the provider exchanges, with an ID token that is good; then, or when this browser has a session already, the user
 * is sent to where they wanted to go, on this host.
 */
export async function endLogin(login: Login, visit: Visit, { used, log }: Callbacks): Promise<Respond> {
  const parameters = new URLSearchParams(visit.target.slice(visit.path.length + 1));
  const sealed = parameters.get('state') ?? '';
  const state = openState(login, sealed, visit.now);
  const flows = flowsOf(login, visit.cookies, visit.now);
  const flow = flows.find(({ id }) => id === state?.id);
  const refuse = (reason: string): Respond => {
    log.warn({ policy: login.client.id, reason }, 'a login is refused');
    return unauthorized(NOT_COMPLETED, forgetFlows(login, visit));
  };
  if (state === undefined) return refuse('its state is not ours, or too old');
  if (flow === undefined || used.has(flow.id)) {
    // Another tab has logged in meanwhile, or the page was loaded again.
    if (sessionOfVisit(login, visit) !== undefined) return goOn(login, visit, state, forgetFlows(login, visit));
    // Logins of several tabs may have met in one cookie. Whoever comes is logged in as who they are, once.
    const isLost = flow === undefined && flows.length > 0 && flows.every(({ attempt }) => attempt === 0);
    if (isLost) return sendToProvider(login, visit, { ...placeOf(login, visit, state), attempt: 1 }, []);
    return refuse('this browser did not begin it, or has ended it already');
  }
  // Loaded by the first login: a sidecar without any starts faster.
  const { exchange } = await import('./provider.ts');
  const granted = await exchange(login, parameters, sealed, flow);
  switch (granted.kind) {
    case 'granted':
      break;
    case 'refused':
      return refuse(granted.reason);
    case 'unavailable':
      log.error({ policy: login.client.id, reason: granted.reason }, 'the provider cannot be asked');
      return unavailable('the login cannot be completed now; load this page again in a moment\n');
    default:
      return granted satisfies never;
  }
  used.add(flow.id, flow.expires);
  const tokens = tokensOf(login, granted.grant, undefined, visit.now);
  if (tokens === undefined) return refuse('nobody says how long the tokens are good');
  const given = giveSession(login, visit, tokens);
  if (given === undefined) return refuse('the tokens are too large for cookies');
  log.info({ policy: login.client.id }, 'somebody has logged in');
  return goOn(login, visit, state, [...forgetFlows(login, visit), ...given.setCookies]);
}

const NOT_COMPLETED = 'the login was not completed; go back to where you came from to log in again\n';

function goOn(login: Login, visit: Visit, state: State, setCookies: readonly string[]): Respond {
  const { sameSite } = login.client.cookies;
  const send = sameSite === 'Strict' ? redirectByPage : redirect;
  const { origin, path } = placeOf(login, visit, state);
  return send(new URL(origin + path).href, setCookies);
}

/** Where the user wanted to go, where that is on this host, or on one that gets the same cookies; else the root of this one. */
function placeOf(
  { client }: Login,
  visit: Visit,
  { origin, path }: State,
): { readonly origin: string; readonly path: string } {
  const home = { origin: visit.origin, path: '/' };
  const wanted = URL.parse(origin + path);
  if (wanted === null || wanted.origin !== URL.parse(origin)?.origin) return home;
  const { domain } = client.cookies;
  const isHere = wanted.origin === URL.parse(visit.origin)?.origin;
  const isSibling = domain !== '' && (wanted.hostname === domain || wanted.hostname.endsWith(`.${domain}`));
  return isHere || isSibling ? { origin, path } : home;
}
