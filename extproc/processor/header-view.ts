/** One header as it is on the wire (envoy.config.core.v3.HeaderValue): Envoy sends the value in `rawValue`. */
export interface HeaderSource {
  readonly key: string;
  readonly value: string;
  readonly rawValue: Uint8Array;
}

/**
 * The headers or trailers of a message, to be read; names are compared without regard to case (RFC 9110, 5.1).
 *
 * Values are decoded as UTF-8. The pseudo-headers are there under their names: `:method`, `:path`, `:authority`,
 * `:scheme`, `:status`.
 */
export interface HeaderView extends Iterable<readonly [name: string, value: string]> {
  /**
   * Gives the header's value, or `undefined` when it is absent. Several values are joined as RFC 9110, 5.3 has it: with
   * ", ", and those of `cookie` with "; " (RFC 9113, 8.2.3), so that a second value is never overlooked.
   */
  get(name: string): string | undefined;
  /** Gives every value of the header in the order received; none when it is absent. */
  getAll(name: string): readonly string[];
  /** Says whether the header is there, be its value empty or not. */
  has(name: string): boolean;
  /** Gives every header in the order received, names in lower case, one entry for each value. */
  entries(): IterableIterator<readonly [name: string, value: string]>;
}

/** Shows headers as received. Nothing is decoded before it is asked for. */
export function headerView(source: readonly HeaderSource[]): HeaderView {
  return new ReceivedHeaders(source);
}

class ReceivedHeaders implements HeaderView {
  readonly #source: readonly HeaderSource[];

  constructor(source: readonly HeaderSource[]) {
    this.#source = source;
  }

  get(name: string): string | undefined {
    const values = this.getAll(name);
    if (values.length <= 1) return values[0];
    return values.join(name.toLowerCase() === 'cookie' ? '; ' : ', ');
  }

  getAll(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (const header of this.#source) if (header.key.toLowerCase() === wanted) values.push(text(header));
    return values;
  }

  has(name: string): boolean {
    const wanted = name.toLowerCase();
    return this.#source.some(({ key }) => key.toLowerCase() === wanted);
  }

  *entries(): Generator<readonly [string, string]> {
    for (const header of this.#source) yield [header.key.toLowerCase(), text(header)];
  }

  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.entries();
  }
}

function text({ value, rawValue }: HeaderSource): string {
  if (rawValue.length === 0) return value;
  return Buffer.from(rawValue.buffer, rawValue.byteOffset, rawValue.length).toString('utf8');
}
