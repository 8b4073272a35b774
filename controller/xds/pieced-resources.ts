import { once } from './memory.ts';
import type { XdsResource, XdsResources } from './snapshot.ts';

type Piece = readonly XdsResource[];

/** So often everything is looked through for a name: most states are asked for few names, or none. */
const FEW = 4;

/**
 * Resources in pieces: a piece is the same array as long as no resource of it changed, so that two states are compared by
 * their pieces, and what a change costs does not depend on how many resources there are.
 */
export class PiecedResources implements ReadonlyMap<string, XdsResource> {
  readonly pieces: readonly Piece[];
  #size: number | undefined;
  /** How often something was looked up by its name, and what that goes by once it is done often. */
  #lookups = 0;
  #byName: XdsResources | undefined;

  /** No name may be there twice. */
  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
  }

  get size(): number {
    this.#size ??= this.pieces.reduce((sum, piece) => sum + piece.length, 0);
    return this.#size;
  }

  get(name: string): XdsResource | undefined {
    this.#lookups += 1;
    if (this.#lookups > FEW) this.#byName ??= new Map(this);
    if (this.#byName !== undefined) return this.#byName.get(name);
    for (const piece of this.pieces) {
      const found = piece.find((resource) => resource.name === name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *values(): MapIterator<XdsResource> {
    for (const piece of this.pieces) yield* piece;
  }

  *keys(): MapIterator<string> {
    for (const { name } of this.values()) yield name;
  }

  *entries(): MapIterator<[string, XdsResource]> {
    for (const resource of this.values()) yield [resource.name, resource];
  }

  [Symbol.iterator](): MapIterator<[string, XdsResource]> {
    return this.entries();
  }

  forEach(tell: (resource: XdsResource, name: string, resources: XdsResources) => void): void {
    for (const resource of this.values()) tell(resource, resource.name, this);
  }
}

const onlyPiece = once((resources: XdsResources): readonly Piece[] => [[...resources.values()]]);

function piecesOf(resources: XdsResources): readonly Piece[] {
  return resources instanceof PiecedResources ? resources.pieces : onlyPiece(resources);
}

/**
 * What `after` has otherwise than `before`, or may have: by name, those of `after` first, in its order; `undefined` for what
 * is not there any more.
 */
export function changes(before: XdsResources, after: XdsResources): ReadonlyMap<string, XdsResource | undefined> {
  const found = new Map<string, XdsResource | undefined>();
  if (before === after) return found;
  const [gone, came] = withoutEqualEnds(piecesOf(before), piecesOf(after));
  const left = new Set(gone);
  for (const piece of came) {
    if (!left.delete(piece)) for (const resource of piece) found.set(resource.name, resource);
  }
  for (const piece of left) for (const { name } of piece) if (!found.has(name)) found.set(name, undefined);
  return found;
}

/** Two lists without what both begin with, and what both end with: an edit changes few pieces, one behind the other. */
function withoutEqualEnds(a: readonly Piece[], b: readonly Piece[]): readonly [readonly Piece[], readonly Piece[]] {
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
}
