import { widerThan } from './overlaps.ts';

/** The host names of listeners among which a host belongs to the one with the most specific. */
export class Siblings {
  readonly hostnames: readonly string[];
  readonly #known: ReadonlySet<string>;

  constructor(hostnames: readonly string[]) {
    this.hostnames = hostnames;
    this.#known = new Set(hostnames);
  }

  /**
   * Whether the hosts of `hostname` belong to the listener with `own`, which covers them, and to no other (Gateway API,
   * GatewayHTTPListenerIsolation).
   */
  belongs(hostname: string, own: string): boolean {
    if (this.#known.size === 1) return true;
    return [hostname, ...widerThan(hostname)].find((name) => this.#known.has(name)) === own;
  }
}
