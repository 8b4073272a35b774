import { type Pieces, unequalParts } from '../ir/pieces.ts';
import { compare, tableKey } from '../resources/resources.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { Attachment } from './attachment.ts';
import type { ListenerState } from './listeners.ts';
import type { ConcernedPlaces } from './placed-route.ts';
import type { RouteCore } from './route-core.ts';

/** The routes of a listener, each with its attachment there. */
export type RoutesOn = ReadonlyMap<Attachment, RouteCore>;

/** What is other on a listener. */
export interface Turnover {
  /** Routes that came, and those of which policies may say something else. */
  readonly came: RoutesOn;
  readonly left: ReadonlySet<Attachment>;
}

/** What is other, by listener. */
export type Turnovers = ReadonlyMap<ListenerState, Turnover>;

type Piece = readonly AttachedRoute[];

interface Changing extends Turnover {
  readonly came: Map<Attachment, RouteCore>;
  readonly left: Set<Attachment>;
}

const NO_ROUTES: RoutesOn = new Map();

/** Knows which routes are on which listener. Only pieces that came or went are looked at, and of them only such routes. */
export class RoutesByListener {
  #pieces: Pieces<AttachedRoute> = [];
  readonly #of = new Map<ListenerState, Map<Attachment, RouteCore>>();

  /** The routes on a listener. */
  of(listener: ListenerState): RoutesOn {
    return this.#of.get(listener) ?? NO_ROUTES;
  }

  /** Brings it up to these pieces. Policies say something else at the places of `concerned`: anywhere where that is undefined. */
  update(pieces: Pieces<AttachedRoute>, concerned: ConcernedPlaces | undefined): Turnovers {
    const turnovers = new Map<ListenerState, Changing>();
    const at = (listener: ListenerState): Changing => {
      const known = turnovers.get(listener);
      if (known !== undefined) return known;
      const made = { came: new Map<Attachment, RouteCore>(), left: new Set<Attachment>() };
      turnovers.set(listener, made);
      return made;
    };
    const [lost, gained] = unequalParts(this.#pieces, pieces);
    const [before, now] = [new Set(lost), new Set(gained)];
    // A route may have moved from one piece to another.
    const gone = new Set([...before.difference(now)].flat());
    const came = [...now.difference(before)].flatMap((piece) => piece.filter((route) => !gone.delete(route)));
    this.#pieces = pieces;
    for (const { attachments } of gone) {
      for (const attachment of attachments) {
        at(attachment.listener).left.add(attachment);
        this.#leave(attachment);
      }
    }
    for (const { core, attachments } of came) {
      for (const attachment of attachments) {
        const { came: joined, left } = at(attachment.listener);
        joined.set(attachment, attachment.instead ?? core);
        left.delete(attachment);
        this.#join(attachment, attachment.instead ?? core);
      }
    }
    for (const listener of this.#concerned(concerned)) {
      for (const [attachment, core] of this.of(listener)) at(listener).came.set(attachment, core);
    }
    if (concerned === undefined || concerned.routes.length === 0) return turnovers;
    for (const piece of pieces) {
      for (const { core, attachments } of concernedIn(piece, concerned.routes)) {
        for (const attachment of attachments) {
          at(attachment.listener).came.set(attachment, attachment.instead ?? core);
        }
      }
    }
    return turnovers;
  }

  /** The listeners of which everything is concerned. */
  #concerned(places: ConcernedPlaces | undefined): readonly ListenerState[] {
    if (places !== undefined && places.gateways.size + places.sets.size === 0) return [];
    return [...this.#of.keys()].filter((listener) => isAllConcerned(listener, places));
  }

  #join(attachment: Attachment, core: RouteCore): void {
    const known = this.#of.get(attachment.listener);
    if (known === undefined) this.#of.set(attachment.listener, new Map([[attachment, core]]));
    else known.set(attachment, core);
  }

  #leave(attachment: Attachment): void {
    const known = this.#of.get(attachment.listener);
    known?.delete(attachment);
    if (known?.size === 0) this.#of.delete(attachment.listener);
  }
}

function isAllConcerned({ gateway, owner }: ListenerState, places: ConcernedPlaces | undefined): boolean {
  if (places === undefined) return true;
  if (places.gateways.has(`${gateway.metadata.namespace}/${gateway.metadata.name}`)) return true;
  return owner.kind === 'ListenerSet' && places.sets.has(`${owner.metadata.namespace}/${owner.metadata.name}`);
}

/** The routes of a piece that are among some names; the routes are in order, and so are the names. */
function concernedIn(piece: Piece, names: readonly string[]): readonly AttachedRoute[] {
  const [first, last] = [piece[0], piece.at(-1)];
  if (first === undefined || last === undefined) return [];
  const next = names[firstFrom(names, keyOf(first))];
  if (next === undefined || next > keyOf(last)) return [];
  return piece.filter((route) => names[firstFrom(names, keyOf(route))] === keyOf(route));
}

function keyOf({ core: { route } }: AttachedRoute): string {
  return tableKey(route.metadata.namespace, route.metadata.name);
}

/** The place of the first of some names that is not before another one. */
function firstFrom(names: readonly string[], key: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(names[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
