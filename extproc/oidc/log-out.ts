import type { Respond } from '../processor/results.ts';
import { redirect } from './answers.ts';
import type { Login } from './client.ts';
import { forgetFlows, forgetSession, tokensOfVisit, type Visit } from './visit.ts';

/** A longer ID token is not put into a URL. Bytes. */
const LONGEST_HINT = 4_000;

/**
 * Ends the session in this browser, and at the provider where it says how (OpenID Connect RP-Initiated Logout 1.0 section 2).
 */
export function logOut(login: Login, visit: Visit): Respond {
  const forgotten = [...forgetSession(login, visit), ...forgetFlows(login, visit)];
  const home = `${visit.origin}/`;
  const { endSessionEndpoint } = login.client.provider;
  if (endSessionEndpoint === undefined) return redirect(home, forgotten);
  const url = new URL(endSessionEndpoint);
  const idToken = tokensOfVisit(login, visit)?.idToken;
  if (idToken !== undefined && idToken.length <= LONGEST_HINT) url.searchParams.set('id_token_hint', idToken);
  url.searchParams.set('client_id', login.client.clientId);
  url.searchParams.set('post_logout_redirect_uri', home);
  return redirect(url.href, forgotten);
}
