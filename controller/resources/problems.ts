/** Takes what is wrong with a policy: each a field with what was found and what is accepted. */
export class Problems {
  readonly #found: string[] = [];

  /** Notes a problem of a field. */
  add(field: string, problem: string): void {
    this.#found.push(`${field}: ${problem}`);
  }

  /** All that was noted, in one line; empty when nothing was. */
  toString(): string {
    return this.#found.join('; ');
  }

  /** The number when it lies in a range; a problem otherwise. A number that is not there stays so. */
  within(value: number | undefined, field: string, least: number, most = MOST): number | undefined {
    if (value === undefined || (value >= least && value <= most)) return value;
    this.add(field, `found ${value}, accepted is ${least} to ${most}`);
    return undefined;
  }
}

/** The greatest unsigned 32-bit number, as Envoy's counters and limits are. */
const MOST = 4_294_967_295;
