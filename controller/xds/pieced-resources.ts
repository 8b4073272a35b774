import { once } from './memory.ts';
import type { XdsResource, XdsResources } from './snapshot.ts';

type Piece = readonly XdsResource[];

/**
 * Resources in pieces: a piece is the same array as long as no resource of it changed, so that two states are compared by
 * their pieces, and what a change costs does not depend on how many resources there are.
 */
export class PiecedResources implements ReadonlyMap<string, XdsResource> {
  readonly pieces: readonly Piece[];
  readonly size: number;

  /** No name may be there twice. */
  constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
    this.size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  get(name: string): XdsResource | undefined {
    for (const piece of this.pieces) {
      const found = byName(piece).get(name);
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

const byName = once((piece: Piece): XdsResources => new Map(piece.map((resource) => [resource.name, resource])));

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
  const left = new Set(piecesOf(before));
  for (const piece of piecesOf(after)) {
    if (!left.delete(piece)) for (const resource of piece) found.set(resource.name, resource);
  }
  for (const piece of left) for (const { name } of piece) if (!found.has(name)) found.set(name, undefined);
  return found;
}

/** So many names are looked up one by one; of more, everything is looked through once. */
const FEW = 16;

/** The resources of some names, `undefined` where there is none. */
export function find(
  resources: XdsResources,
  names: ReadonlySet<string>,
): ReadonlyMap<string, XdsResource | undefined> {
  const found = new Map<string, XdsResource | undefined>();
  for (const name of names) found.set(name, names.size > FEW ? undefined : resources.get(name));
  if (names.size > FEW) {
    for (const resource of resources.values()) if (names.has(resource.name)) found.set(resource.name, resource);
  }
  return found;
}
