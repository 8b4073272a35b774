/** So many are remembered at most; the oldest is forgotten. */
const MOST = 20_000;

/** Logins that have ended: each ends once, whoever shows its cookie again. */
export class UsedFlows {
  readonly #expires = new Map<string, number>();

  /** Whether this login has ended already. */
  has(id: string): boolean {
    return this.#expires.has(id);
  }

  /** Notes the end of a login, until the time when it would be too old anyhow. Seconds since the epoch. */
  add(id: string, expires: number): void {
    this.#expires.set(id, expires);
    for (const [oldest] of this.#expires) {
      if (this.#expires.size <= MOST) return;
      this.#expires.delete(oldest);
    }
  }
}
