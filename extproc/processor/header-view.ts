import { FieldReader, WIRE } from '../wire/field-reader.ts';

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

/**
 * Shows the headers of an `envoy.config.core.v3.HeaderMap` that stands in these bytes. Nothing is read before it is asked for;
 * of bytes that are no such message the headers before the fault are there.
 */
export function headerView(bytes: Buffer, start = 0, end = bytes.length): HeaderView {
  return new ReceivedHeaders(bytes, start, end);
}

/** How many numbers tell where a header is: beginning and end of its name, beginning and end of its value. */
const STRIDE = 4;

class ReceivedHeaders implements HeaderView {
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  #places: readonly number[] | undefined;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    const first = this.#find(wanted, 0);
    if (first === undefined) return undefined;
    if (this.#find(wanted, first + STRIDE) === undefined) return this.#value(first);
    return this.getAll(name).join(wanted === 'cookie' ? '; ' : ', ');
  }

  getAll(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    const values: string[] = [];
    for (let at = this.#find(wanted, 0); at !== undefined; at = this.#find(wanted, at + STRIDE))
      values.push(this.#value(at));
    return values;
  }

  has(name: string): boolean {
    return this.#find(name.toLowerCase(), 0) !== undefined;
  }

  *entries(): Generator<readonly [string, string]> {
    for (let at = 0; at < this.#all().length; at += STRIDE) yield [this.#name(at), this.#value(at)];
  }

  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.entries();
  }

  /** The place of the first header of this name, which is in lower case, from a place on. */
  #find(name: string, from: number): number | undefined {
    const places = this.#all();
    const length = Buffer.byteLength(name);
    for (let at = from; at < places.length; at += STRIDE) {
      if ((places[at + 1] ?? 0) - (places[at] ?? 0) === length && this.#name(at) === name) return at;
    }
    return undefined;
  }

  #name(at: number): string {
    return this.#text(at).toLowerCase();
  }

  #value(at: number): string {
    return this.#text(at + 2);
  }

  #text(at: number): string {
    const places = this.#all();
    return this.#bytes.toString('utf8', places[at], places[at + 1]);
  }

  #all(): readonly number[] {
    this.#places ??= placesOf(this.#bytes, this.#start, this.#end);
    return this.#places;
  }
}

/** Where the names and values of a `HeaderMap` (1: headers) are: in each `HeaderValue` 1: key, 2: value, 3: raw_value. */
function placesOf(bytes: Buffer, start: number, end: number): readonly number[] {
  const places: number[] = [];
  const headers = new FieldReader(bytes, start, end);
  while (headers.next()) {
    if (headers.field !== 1 || headers.wire !== WIRE.bytes) continue;
    const header = new FieldReader(bytes, headers.start, headers.end);
    let [keyStart, keyEnd, valueStart, valueEnd] = [0, 0, 0, 0];
    while (header.next()) {
      if (header.wire !== WIRE.bytes) continue;
      if (header.field === 1) [keyStart, keyEnd] = [header.start, header.end];
      // Envoy sends the value in `raw_value`; other data planes may fill the text field.
      else if (header.field === 3 || valueStart === valueEnd) [valueStart, valueEnd] = [header.start, header.end];
    }
    places.push(keyStart, keyEnd, valueStart, valueEnd);
  }
  return places;
}
