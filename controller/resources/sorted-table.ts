/** So many values are in a piece at most: a change costs this many, and the number of pieces. */
const LARGEST = 64;
/** Neighbours that together are no larger than this become one. */
const SMALL = LARGEST / 2;

interface Piece<V> {
  readonly keys: string[];
  readonly values: V[];
  /** Whether somebody has the values: they stay as they are then. */
  taken: boolean;
}

/** Values by key, listed in the order of their keys, in pieces that are the same arrays until something in them changes. */
export class SortedTable<V> {
  readonly #values = new Map<string, V>();
  #order: Piece<V>[] = [];
  #version = 0;
  #pieces: readonly (readonly V[])[] | undefined;
  #list: readonly V[] | undefined;

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Sets a value; the same value again changes nothing. */
  set(key: string, value: V): void {
    const isKnown = this.#values.has(key);
    if (isKnown && this.#values.get(key) === value) return;
    this.#values.set(key, value);
    this.#changed();
    const at = this.#pieceOf(key);
    const piece = this.#own(at);
    const index = indexOf(piece.keys, key);
    if (isKnown) piece.values[index] = value;
    else {
      piece.keys.splice(index, 0, key);
      piece.values.splice(index, 0, value);
      if (piece.keys.length > LARGEST) this.#cut(at, index);
    }
  }

  /** Removes a value; returns whether there was one. */
  delete(key: string): boolean {
    if (!this.#values.delete(key)) return false;
    this.#changed();
    const at = this.#pieceOf(key);
    const piece = this.#own(at);
    const index = indexOf(piece.keys, key);
    piece.keys.splice(index, 1);
    piece.values.splice(index, 1);
    if (piece.keys.length === 0) this.#order.splice(at, 1);
    else this.#joinNeighbours(at);
    return true;
  }

  /** The values, by key. The same array until something changes. */
  list(): readonly V[] {
    this.#list ??= this.pieces().flat();
    return this.#list;
  }

  /** The same in pieces. */
  pieces(): readonly (readonly V[])[] {
    this.#pieces ??= this.#order.map((piece) => {
      piece.taken = true;
      return piece.values;
    });
    return this.#pieces;
  }

  #changed(): void {
    this.#version += 1;
    this.#pieces = undefined;
    this.#list = undefined;
  }

  /** The piece that has a key, or would have it: the last one that does not begin behind it. */
  #pieceOf(key: string): number {
    let low = 0;
    let high = this.#order.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const first = this.#order[middle]?.keys[0];
      if (first !== undefined && first <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A piece that may be changed in place. */
  #own(at: number): Piece<V> {
    const piece = this.#order[at];
    if (piece !== undefined && !piece.taken) return piece;
    const own: Piece<V> = { keys: [...(piece?.keys ?? [])], values: [...(piece?.values ?? [])], taken: false };
    this.#order[at] = own;
    return own;
  }

  /** Cuts a piece in two: behind what was there when the last was added at its end, which is how a table is filled. */
  #cut(at: number, added: number): void {
    const piece = this.#own(at);
    const isLast = added === piece.keys.length - 1;
    const from = isLast ? added : Math.ceil(piece.keys.length / 2);
    const rest: Piece<V> = { keys: piece.keys.splice(from), values: piece.values.splice(from), taken: false };
    this.#order.splice(at + 1, 0, rest);
  }

  #joinNeighbours(at: number): void {
    for (const first of [at, at - 1]) {
      const [one, two] = [this.#order[first], this.#order[first + 1]];
      if (one === undefined || two === undefined || one.keys.length + two.keys.length > SMALL) continue;
      const joined = { keys: [...one.keys, ...two.keys], values: [...one.values, ...two.values], taken: false };
      this.#order.splice(first, 2, joined);
    }
  }
}

/** Where a key is among sorted keys, or would be. */
function indexOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
