import type { Login } from './client.ts';

/** How long a request waits for a client that nobody knows yet: its route may have come before it. Milliseconds. */
const PATIENCE = 2_000;
/** How long a client that is in no state any more is known: requests of its routes are still under way. Milliseconds. */
const GRACE = 15_000;

/** The clients that routes name. */
export class OidcClients {
  #logins: ReadonlyMap<string, Login> = new Map();
  readonly #former = new Map<string, { readonly login: Login; readonly since: number }>();
  readonly #waiting = new Map<string, Set<(login: Login) => void>>();
  readonly #now: () => number;

  /** `now` gives milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The clients of the last state, by id. */
  get logins(): ReadonlyMap<string, Login> {
    return this.#logins;
  }

  /** Takes the clients that there are from now on. */
  take(logins: readonly Login[]): void {
    const now = this.#now();
    const next = new Map(logins.map((login) => [login.client.id, login]));
    for (const [id, { since }] of this.#former) if (next.has(id) || now - since > GRACE) this.#former.delete(id);
    for (const [id, login] of this.#logins) if (!next.has(id)) this.#former.set(id, { login, since: now });
    this.#logins = next;
    for (const [id, waiting] of this.#waiting) {
      const login = next.get(id);
      if (login !== undefined) for (const tell of waiting) tell(login);
    }
  }

  /** Finds a client; waits for one that is not known yet, and gives up after a while or when nobody needs it any more. */
  async find(id: string, signal: AbortSignal): Promise<Login | undefined> {
    return this.#known(id) ?? (await this.#wait(id, signal));
  }

  #known(id: string): Login | undefined {
    const login = this.#logins.get(id);
    if (login !== undefined) return login;
    const former = this.#former.get(id);
    return former !== undefined && this.#now() - former.since <= GRACE ? former.login : undefined;
  }

  #wait(id: string, signal: AbortSignal): Promise<Login | undefined> {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    return new Promise((resolve) => {
      const end = (login: Login | undefined): void => {
        clearTimeout(timer);
        waiting.delete(end);
        if (waiting.size === 0) this.#waiting.delete(id);
        resolve(login);
      };
      const timer = setTimeout(() => end(undefined), PATIENCE);
      waiting.add(end);
      signal.addEventListener('abort', () => end(undefined), { once: true });
    });
  }
}
