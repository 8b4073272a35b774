import type { AutomatonIr } from '../ir/match.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { parseRegex } from './parse.ts';
import { type Edge, type States, statesOf } from './states.ts';

/**
 * A deterministic automaton that says whether a text matches a regular expression, whole, in one look-up a byte.
 *
 * State 0 is the one from which nothing is accepted, 1 the one to start in. From state `s` a byte `b` leads to
 * `next[s * classCount + classes[b]]`.
 */
export type Automaton = AutomatonIr;

/** States, entries of the table, and visits of states while it is made, beyond which a pattern is refused. */
const MOST_STATES = 2_000;
const MOST_ENTRIES = 32_768;
const MOST_VISITS = 3_000_000;

/**
 * Compiles a regular expression (RE2's syntax) to an automaton that matches whole texts in UTF-8.
 *
 * A filter has no time to try ways through a pattern, as a client chooses the text: an automaton takes the same time for
 * every byte, whatever the pattern. A pattern whose automaton is too large is refused; those are rare, and have a
 * repetition that is counted after something that matches much, as in `.*a.{12}`.
 */
export function compileRegex(pattern: string): Outcome<Automaton, 'Invalid'> {
  const syntax = parseRegex(pattern);
  if (!syntax.ok)
    return refusal('Invalid', `the regular expression ${pattern} is not accepted: ${syntax.refusal.message}`);
  const states = statesOf(syntax.value);
  const automaton = states === undefined ? undefined : determine(states);
  if (automaton === undefined) {
    const most = `${MOST_STATES} states`;
    return refusal('Invalid', `the regular expression ${pattern} is too complex: its automaton has more than ${most}`);
  }
  return success(automaton);
}

/** Whether a text matches: what the filters do. */
export function accepts({ classes, classCount, next, accepting }: Automaton, text: Uint8Array): boolean {
  let state = 1;
  for (const byte of text) state = next[state * classCount + (classes[byte] ?? 0)] ?? 0;
  return accepting[state] ?? false;
}

/** The subset construction; `undefined` when there are too many subsets. */
function determine(states: States): Automaton | undefined {
  const { classes, samples } = byteClasses(states);
  const begin = closure(states, [0], ['free', 'begin']);
  const subsets: (readonly number[])[] = [[], begin];
  const numbers = new Map([
    ['', 0],
    [begin.join(), 1],
  ]);
  const rows: number[][] = [samples.map(() => 0)];
  let visits = 0;
  for (let state = 1; state < subsets.length; state++) {
    const row = samples.map((byte) => {
      if (visits > MOST_VISITS) return 0;
      const target = closure(states, step(states, subsets[state] ?? [], byte), ['free']);
      visits += target.length + (subsets[state]?.length ?? 0);
      const known = numbers.get(target.join());
      if (known !== undefined) return known;
      numbers.set(target.join(), subsets.length);
      return subsets.push(target) - 1;
    });
    rows.push(row);
    if (subsets.length > MOST_STATES || visits > MOST_VISITS) return undefined;
  }
  const accepting = subsets.map((subset, state) => {
    // In an empty text the begin is at the end.
    const kinds = state === 1 ? (['free', 'begin', 'end'] as const) : (['free', 'end'] as const);
    return closure(states, subset, kinds).includes(states.accepting);
  });
  return table(rows, accepting, classes, samples.length);
}

/** The bytes that no edge tells apart have one class; a sample of each class. */
function byteClasses({ edges }: States): {
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly samples: readonly number[];
} {
  const starts = new Set([0]);
  for (const edge of edges.flat()) {
    if (edge.kind !== 'byte') continue;
    starts.add(edge.from);
    if (edge.to < 255) starts.add(edge.to + 1);
  }
  const samples = [...starts].sort((a, b) => a - b);
  const classes = Uint8Array.from({ length: 256 }, (_, byte) => samples.findLastIndex((start) => start <= byte));
  return { classes, samples };
}

function step({ edges }: States, from: readonly number[], byte: number): number[] {
  const targets: number[] = [];
  for (const state of from) {
    for (const edge of edges[state] ?? []) {
      if (edge.kind === 'byte' && edge.from <= byte && byte <= edge.to) targets.push(edge.target);
    }
  }
  return targets;
}

/** The states that are reached without a byte, in order. */
function closure({ edges }: States, from: readonly number[], kinds: readonly Edge['kind'][]): readonly number[] {
  const seen = new Set(from);
  for (const state of seen) {
    for (const edge of edges[state] ?? []) if (kinds.includes(edge.kind)) seen.add(edge.target);
  }
  return [...seen].sort((a, b) => a - b);
}

/** Makes one state of those that nothing tells apart (Moore's algorithm), and writes the table. */
function table(
  rows: readonly (readonly number[])[],
  accepting: readonly boolean[],
  classes: Uint8Array<ArrayBuffer>,
  classCount: number,
): Automaton | undefined {
  let groups = numbered(accepting.map(String));
  for (;;) {
    const current = groups;
    const finer = numbered(rows.map((row, state) => [current[state], ...row.map((target) => current[target])].join()));
    if (Math.max(...finer) === Math.max(...groups)) break;
    groups = finer;
  }
  // The dead state comes first, then the one to start in, which may be the same.
  const order = [...new Set([groups[0] ?? 0, groups[1] ?? 0, ...groups])];
  const firstOf = order.map((group) => groups.indexOf(group));
  const places = groups.map((group) => order.indexOf(group));
  if (firstOf.length * classCount > MOST_ENTRIES) return undefined;
  const isDead = order.length === 1 || groups[0] === groups[1];
  const kept = isDead ? [0, 0] : firstOf;
  const next = Uint16Array.from(
    kept.flatMap((state) => (rows[state] ?? []).map((target) => (isDead ? 0 : (places[target] ?? 0)))),
  );
  return { classes, classCount, next, accepting: kept.map((state) => accepting[state] ?? false) };
}

/** A number for each different text, in order of first use. */
function numbered(texts: readonly string[]): readonly number[] {
  const numbers = new Map<string, number>();
  return texts.map((text) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
}
