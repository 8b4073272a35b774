import type { Edge, States } from './states.ts';
import type { Work } from './work.ts';

/** What is reached without a byte in a nondeterministic automaton. */
export class Reach {
  readonly #states: States;
  readonly #work: Work;
  /** By state, those that are reached from it and lead on by a byte, or to the end. */
  readonly #known: (readonly number[] | undefined)[] = [];
  readonly #ends: ReadonlySet<number>;
  /** In an empty text the begin is at the end. */
  readonly #emptyEnds: ReadonlySet<number>;

  constructor(states: States, work: Work) {
    this.#states = states;
    this.#work = work;
    this.#ends = endsOf(states, ['free', 'end'], work);
    this.#emptyEnds = endsOf(states, ['free', 'begin', 'end'], work);
  }

  /** All that is reached from these states, in order, as far as it leads on. */
  subset(from: readonly number[], isBegin: boolean): Uint16Array {
    const all = new Set<number>();
    for (const state of new Set(from)) {
      const reached = isBegin ? this.#reached(state, true) : (this.#known[state] ??= this.#reached(state, false));
      this.#work.spend(reached.length + 1);
      for (const each of reached) all.add(each);
    }
    // Those are put in order and compared, too.
    this.#work.spend(10 + 4 * all.size);
    return Uint16Array.from(all).sort();
  }

  /** Whether a text may end in one of these states. */
  isAccepted(subset: Uint16Array, isBegin: boolean): boolean {
    const ends = isBegin ? this.#emptyEnds : this.#ends;
    return subset.some((state) => ends.has(state));
  }

  #reached(from: number, isBegin: boolean): readonly number[] {
    const { edges, accepting } = this.#states;
    const seen = new Set([from]);
    const kept: number[] = [];
    for (const state of seen) {
      const out = edges[state] ?? [];
      this.#work.spend(out.length + 1);
      for (const { kind, target } of out) if (kind === 'free' || (isBegin && kind === 'begin')) seen.add(target);
      if (state === accepting || out.some(({ kind }) => kind !== 'free')) kept.push(state);
    }
    return kept;
  }
}

/** The states from which the end is reached by edges of these kinds. */
function endsOf({ edges, accepting }: States, kinds: readonly Edge['kind'][], work: Work): ReadonlySet<number> {
  const sources = new Map<number, number[]>();
  for (const [state, out] of edges.entries()) {
    for (const { kind, target } of out) {
      if (!kinds.includes(kind)) continue;
      const list = sources.get(target);
      if (list === undefined) sources.set(target, [state]);
      else list.push(state);
    }
    work.spend(out.length + 1);
  }
  const ends = new Set([accepting]);
  for (const state of ends) for (const source of sources.get(state) ?? []) ends.add(source);
  return ends;
}
