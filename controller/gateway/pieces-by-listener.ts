import type { Pieces } from '../ir/pieces.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { ListenerState } from './listeners.ts';

type Piece = readonly AttachedRoute[];

/** Knows which pieces have routes on which listener. Only pieces that came or went are looked at. */
export class PiecesByListener {
  #pieces: ReadonlySet<Piece> = new Set();
  readonly #of = new Map<ListenerState, Set<Piece>>();

  /** Brings it up to these pieces; returns the listeners that have others now. */
  update(pieces: Pieces<AttachedRoute>): ReadonlySet<ListenerState> {
    const now = new Set(pieces);
    const changed = new Set<ListenerState>();
    for (const piece of this.#pieces.difference(now)) {
      for (const listener of listenersOf(piece)) {
        changed.add(listener);
        const known = this.#of.get(listener);
        known?.delete(piece);
        if (known?.size === 0) this.#of.delete(listener);
      }
    }
    for (const piece of now.difference(this.#pieces)) {
      for (const listener of listenersOf(piece)) {
        changed.add(listener);
        const known = this.#of.get(listener) ?? new Set<Piece>();
        this.#of.set(listener, known.add(piece));
      }
    }
    this.#pieces = now;
    return changed;
  }

  /** The pieces with routes on a listener. */
  of(listener: ListenerState): Pieces<AttachedRoute> {
    return [...(this.#of.get(listener) ?? [])];
  }
}

const listenersOfPieces = new WeakMap<Piece, ReadonlySet<ListenerState>>();

function listenersOf(piece: Piece): ReadonlySet<ListenerState> {
  const known = listenersOfPieces.get(piece);
  if (known !== undefined) return known;
  const listeners = new Set(piece.flatMap(({ attachments }) => attachments.map(({ listener }) => listener)));
  listenersOfPieces.set(piece, listeners);
  return listeners;
}
