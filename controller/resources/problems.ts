/** Takes what is wrong with a policy: each a field with what was found and what is accepted. */
export class Problems {
  readonly #found: string[] = [];
  #more = 0;

  /** Notes a problem of a field. */
  add(field: string, problem: string): void {
    if (this.#found.length < MOST_SAID) this.#found.push(`${field}: ${problem}`);
    else this.#more++;
  }

  /** All that was noted, in one line; empty when nothing was. Of very many the first, and how many more there are. */
  toString(): string {
    return [...this.#found, ...(this.#more === 0 ? [] : [`and ${this.#more} more`])].join('; ');
  }

  /** The number when it lies in a range; a problem otherwise. A number that is not there stays so. */
  within(value: number | undefined, field: string, least: number, most = MOST): number | undefined {
    if (value === undefined || (value >= least && value <= most)) return value;
    this.add(field, `found ${value}, accepted is ${least} to ${most}`);
    return undefined;
  }
}

/** As many problems are told one by one. */
const MOST_SAID = 20;

/** The greatest unsigned 32-bit number, as Envoy's counters and limits are. */
const MOST = 4_294_967_295;
