import { type Pieces, unequalParts } from '../ir/pieces.ts';
import { once } from '../ir/once.ts';
import type { XdsResource, XdsResources } from './snapshot.ts';

type Piece = readonly XdsResource[];

/** So often everything is looked through for a name: most states are asked for few names, or none. */
const FEW = 4;

/**
 * Resources in pieces: a piece is the same array as long as no resource of it changed, so that two states are compared by
 * their pieces, and what a change costs does not depend on how many resources there are.
 */
export class PiecedResources implements ReadonlyMap<string, XdsResource> {
  /** The pieces, in groups that are the same arrays as long as no piece of theirs changed. */
  readonly groups: Pieces<Piece>;
  #size: number | undefined;
  /** How often something was looked up by its name, and what that goes by once it is done often. */
  #lookups = 0;
  #byName: XdsResources | undefined;

  /** No name may be there twice. */
  constructor(groups: Pieces<Piece>) {
    this.groups = groups;
  }

  get size(): number {
    this.#size ??= this.groups.flat().reduce((sum, piece) => sum + piece.length, 0);
    return this.#size;
  }

  get(name: string): XdsResource | undefined {
    this.#lookups += 1;
    if (this.#lookups > FEW) this.#byName ??= new Map(this);
    if (this.#byName !== undefined) return this.#byName.get(name);
    for (const group of this.groups) {
      for (const piece of group) {
        const found = piece.find((resource) => resource.name === name);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *values(): MapIterator<XdsResource> {
    for (const group of this.groups) for (const piece of group) yield* piece;
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

const onlyGroup = once((resources: XdsResources): Pieces<Piece> => [[[...resources.values()]]]);

function groupsOf(resources: XdsResources): Pieces<Piece> {
  return resources instanceof PiecedResources ? resources.groups : onlyGroup(resources);
}

/**
 * What `after` has otherwise than `before`, or may have: by name, those of `after` first, in its order; `undefined` for what
 * is not there any more.
 */
export function changes(before: XdsResources, after: XdsResources): ReadonlyMap<string, XdsResource | undefined> {
  const found = new Map<string, XdsResource | undefined>();
  if (before === after) return found;
  const [gone, came] = unequalPieces(groupsOf(before), groupsOf(after));
  const left = new Set(gone);
  for (const piece of came) {
    if (!left.delete(piece)) for (const resource of piece) found.set(resource.name, resource);
  }
  for (const piece of left) for (const { name } of piece) if (!found.has(name)) found.set(name, undefined);
  return found;
}

/** The pieces of each of two states that the other one does not have at the same place, or may not. */
function unequalPieces(a: Pieces<Piece>, b: Pieces<Piece>): readonly [readonly Piece[], readonly Piece[]] {
  if (a.length !== b.length) return unequalParts(a.flat(), b.flat());
  const gone: Piece[] = [];
  const came: Piece[] = [];
  for (const [at, group] of a.entries()) {
    const other = b[at] ?? [];
    if (group === other) continue;
    const [left, joined] = unequalParts(group, other);
    gone.push(...left);
    came.push(...joined);
  }
  return [gone, came];
}
