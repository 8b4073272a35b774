import type { Work } from './work.ts';

/** A deterministic automaton as it is made: from state `s` class `c` leads to `next[s * classCount + c]`. */
export interface Transitions {
  readonly classCount: number;
  readonly next: Uint16Array<ArrayBuffer>;
  readonly accepting: readonly boolean[];
}

/**
 * The group of each state: those have one that no text tells apart (Hopcroft's algorithm, n log n: a long chain of states,
 * as of `a{1000}`, takes no longer than others).
 */
export function groupsOf({ classCount, next, accepting }: Transitions, work: Work): readonly number[] {
  const states = accepting.length;
  const sources = sourcesOf(next, classCount, states);
  work.spend(next.length);
  const groupOf = accepting.map(Number);
  /** The states that lead to one of these, by their groups. */
  const leading = (targets: readonly number[], symbol: number): ReadonlyMap<number, Set<number>> => {
    const found = new Map<number, Set<number>>();
    for (const target of targets) {
      for (const source of sources[target * classCount + symbol] ?? []) {
        const group = groupOf[source] ?? 0;
        const inside = found.get(group);
        if (inside === undefined) found.set(group, new Set([source]));
        else inside.add(source);
      }
    }
    return found;
  };
  const groups = [0, 1].map(
    (group) => new Set(accepting.flatMap((_, state) => (groupOf[state] === group ? [state] : []))),
  );
  // One half of all is enough to tell both apart.
  const waiting = new Set([(groups[0]?.size ?? 0) < (groups[1]?.size ?? 0) ? 0 : 1]);
  for (const splitter of waiting) {
    waiting.delete(splitter);
    const members = [...(groups[splitter] ?? [])];
    work.spend(members.length * classCount);
    for (let symbol = 0; symbol < classCount; symbol++) {
      for (const [group, inside] of leading(members, symbol)) {
        const rest = groups[group] ?? new Set();
        work.spend(inside.size);
        if (inside.size === rest.size) continue;
        for (const state of inside) rest.delete(state);
        const [larger, smaller] = inside.size > rest.size ? [inside, rest] : [rest, inside];
        groups[group] = larger;
        const made = groups.push(smaller) - 1;
        for (const state of smaller) groupOf[state] = made;
        // The smaller half is enough, unless the whole was still to come.
        waiting.add(made);
      }
    }
  }
  return groupOf;
}

/** From where each state is reached, by class. */
function sourcesOf(next: Uint16Array, classCount: number, states: number): readonly (readonly number[] | undefined)[] {
  const sources: (number[] | undefined)[] = Array.from({ length: states * classCount });
  for (const [place, target] of next.entries()) {
    const at = target * classCount + (place % classCount);
    const source = Math.floor(place / classCount);
    const list = sources[at];
    if (list === undefined) sources[at] = [source];
    else list.push(source);
  }
  return sources;
}
