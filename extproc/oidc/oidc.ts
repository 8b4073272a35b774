/**
 * Logins with OpenID providers (OpenID Connect Core 1.0, authorization code flow with PKCE).
 *
 * In: requests that the filter found without a good session, the clients that the controller has sent. Out: redirects to log
 * in, sessions in cookies, requests that go on with a session. Refuses to know: routes, and what a policy does with claims.
 */
import type { Logger } from 'pino';
import { defineProcessor, type Processor } from '../processor/define-processor.ts';
import { continueWith } from '../processor/results.ts';
import { unavailable } from './answers.ts';
import { OidcClients } from './clients.ts';
import { handleVisit, type Shared } from './handle-visit.ts';
import { ProviderFetches } from './provider-fetch.ts';
import { readLogins, type SidecarState } from './read-state.ts';
import { Renewals } from './renewals.ts';
import { UsedFlows } from './used-flows.ts';
import { readVisit } from './visit.ts';

/** Logins, at work. */
export interface Logins {
  /** Handles the requests of routes whose policies have `oidc`. */
  readonly processor: Processor;
  /** Takes what the controller says there is from now on. */
  take(state: SidecarState): void;
  stop(): Promise<void>;
}

/** Starts logins: nobody can log in before the first state has come. */
export function startLogins(log: Logger): Logins {
  const clients = new OidcClients();
  const fetches = new ProviderFetches();
  return {
    processor: oidcProcessor(clients, log),
    take: (state) => clients.take(readLogins(state, fetches.by(state.fetchRules), clients.logins, log)),
    stop: () => fetches.close(),
  };
}

/** Makes the handler of requests of routes whose policies have `oidc`. */
export function oidcProcessor(clients: OidcClients, log: Logger, now: () => number = Date.now): Processor {
  const seconds = (): number => Math.floor(now() / 1000);
  const shared: Shared = { renewals: new Renewals(seconds), used: new UsedFlows(), log };
  return defineProcessor({
    createContext: () => ({ setCookies: NONE }),
    onRequestHeaders: async ({ headers, stream, context }) => {
      const id = stream.policy ?? '';
      const login = await clients.find(id, stream.signal);
      if (login === undefined) {
        log.error({ policy: id }, 'a route names a client that the controller has not sent');
        return unavailable('logins are not possible now\n');
      }
      const handled = await handleVisit(login, readVisit(headers, seconds()), shared);
      if (handled.kind === 'answered') return handled.answer;
      context.setCookies = handled.setCookies;
      return continueWith({ headers: handled.headers });
    },
    onResponseHeaders: ({ context }) => {
      if (context.setCookies.length === 0) return undefined;
      // Nobody may keep an answer with somebody's session.
      const headers = { append: { 'set-cookie': context.setCookies }, set: { 'cache-control': 'no-store' } };
      return continueWith({ headers });
    },
  });
}

const NONE: readonly string[] = [];
