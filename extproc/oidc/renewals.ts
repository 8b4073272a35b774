import { createHash } from 'node:crypto';
import type { Login } from './client.ts';
import type { Granted } from './provider.ts';
import { type Tokens, tokensOf } from './tokens.ts';

/** How a renewal ended. */
export type Renewed =
  | { readonly kind: 'renewed'; readonly tokens: Tokens }
  | Exclude<Granted, { readonly kind: 'granted' }>;

/** How long the outcome of a renewal is remembered: a browser's other requests are on their way already. Seconds. */
const REMEMBERED = 30;
/** So many outcomes at most; the oldest is forgotten. */
const MOST = 2_000;

interface Renewal {
  readonly renewed: Promise<Renewed>;
  /** When it was there; undefined while it is under way. */
  at: number | undefined;
}

/**
 * Renews sessions, each refresh token once: a provider that changes it with every use takes a second use for a theft.
 * Requests that come at the same time, or a little later with what they had before, get what the first one got.
 */
export class Renewals {
  readonly #renewals = new Map<string, Renewal>();
  readonly #now: () => number;

  /** `now` gives seconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Renews the session of these tokens, which have this refresh token. */
  renew(login: Login, tokens: Tokens, refreshToken: string): Promise<Renewed> {
    const key = createHash('sha256').update(`${login.client.session.seal}\0${refreshToken}`).digest('base64url');
    const known = this.#renewals.get(key);
    if (known !== undefined && !this.#isOver(known)) return known.renewed;
    const ended = ({ kind }: Renewed): void => {
      renewal.at = this.#now();
      // A provider that could not be asked may be asked again at once.
      if (kind === 'unavailable' && this.#renewals.get(key) === renewal) this.#renewals.delete(key);
    };
    const renewal: Renewal = { renewed: this.#ask(login, tokens, refreshToken, ended), at: undefined };
    this.#renewals.delete(key);
    this.#renewals.set(key, renewal);
    this.#forget();
    return renewal.renewed;
  }

  async #ask(login: Login, tokens: Tokens, refreshToken: string, ended: (renewed: Renewed) => void): Promise<Renewed> {
    // Loaded by the first renewal: a sidecar without any starts faster.
    const { renew } = await import('./provider.ts');
    const renewed = this.#taken(login, tokens, await renew(login, refreshToken, tokens.subject));
    ended(renewed);
    return renewed;
  }

  #taken(login: Login, tokens: Tokens, granted: Granted): Renewed {
    if (granted.kind !== 'granted') return granted;
    const renewed = tokensOf(login, granted.grant, tokens, this.#now());
    if (renewed === undefined) return { kind: 'refused', reason: 'nobody says how long the renewed tokens are good' };
    return { kind: 'renewed', tokens: renewed };
  }

  #isOver({ at }: Renewal): boolean {
    return at !== undefined && this.#now() - at > REMEMBERED;
  }

  #forget(): void {
    for (const [key, renewal] of this.#renewals) {
      if (this.#renewals.size <= MOST && !this.#isOver(renewal)) return;
      this.#renewals.delete(key);
    }
  }
}
