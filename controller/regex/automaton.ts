import type { AutomatonIr } from '../ir/match.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { groupsOf, type Transitions } from './minimal.ts';
import { parseRegex } from './parse.ts';
import { Reach } from './reach.ts';
import { Remembered } from './remembered.ts';
import { type States, statesOf } from './states.ts';
import { TooMuchWork, Work } from './work.ts';

/**
 * A deterministic automaton that says whether a text matches a regular expression, whole, in one look-up a byte.
 *
 * State 0 is the one from which nothing is accepted, 1 the one to start in. From state `s` a byte `b` leads to
 * `next[s * classCount + classes[b]]`.
 */
export type Automaton = AutomatonIr;

/** States, entries of the table, and steps it takes to make them, beyond which a pattern is refused. */
const MOST_STATES = 2_000;
const MOST_ENTRIES = 32_768;
const MOST_STEPS = 1_000_000;

/** Steps beyond which no more regular expressions of one object are compiled. */
const MOST_STEPS_OF_OBJECT = 3_000_000;

/** What came of compiling a pattern, and the steps it took. */
interface Compiled {
  readonly outcome: Outcome<Automaton, 'Invalid'>;
  readonly steps: number;
}

/** Translations come again with every change, and policies are written alike. Weighed by entries and characters. */
const remembered = new Remembered<Compiled>(2_000_000);

/**
 * Compiles a regular expression (RE2's syntax) to an automaton that matches whole texts in UTF-8.
 *
 * A filter has no time to try ways through a pattern, as a client chooses the text: an automaton takes the same time for
 * every byte, whatever the pattern. A pattern whose automaton is too large, or takes too many steps to make, is refused;
 * those are rare, and have a repetition that is counted after something that matches much, as in `.*a.{12}`.
 */
export function compileRegex(pattern: string): Outcome<Automaton, 'Invalid'> {
  return compiled(pattern).outcome;
}

/**
 * Compiles the regular expressions of one object, all of which together may take only so many steps: whoever writes a
 * policy keeps nobody else's waiting. What a pattern took counts once, also where it was remembered, so that an object is
 * accepted or not whatever was compiled before.
 */
export class RegexBudget {
  #left = MOST_STEPS_OF_OBJECT;
  readonly #counted = new Set<string>();

  /** Whether nothing is left: every further expression is refused. */
  get isUsedUp(): boolean {
    return this.#left < 0;
  }

  /** See `compileRegex`. */
  compile(pattern: string): Outcome<Automaton, 'Invalid'> {
    if (this.isUsedUp) {
      return refusal(
        'Invalid',
        `found regular expressions that take more than ${MOST_STEPS_OF_OBJECT} steps to compile together, accepted are fewer or simpler ones`,
      );
    }
    const { outcome, steps } = compiled(pattern);
    if (!this.#counted.has(pattern)) this.#left -= steps;
    this.#counted.add(pattern);
    return outcome;
  }
}

function compiled(pattern: string): Compiled {
  return remembered.get(
    pattern,
    () => compile(pattern),
    ({ outcome }) => (outcome.ok ? outcome.value.next.length : outcome.refusal.message.length),
  );
}

function compile(pattern: string): Compiled {
  const work = new Work(MOST_STEPS);
  return { outcome: automatonOf(pattern, work), steps: work.done };
}

function automatonOf(pattern: string, work: Work): Outcome<Automaton, 'Invalid'> {
  const refused = (why: string): Outcome<Automaton, 'Invalid'> =>
    refusal('Invalid', `the regular expression ${shown(pattern)} ${why}`);
  try {
    const syntax = parseRegex(pattern, work);
    if (!syntax.ok) return refused(`is not accepted: ${syntax.refusal.message}`);
    const states = statesOf(syntax.value, work);
    const transitions = states === undefined ? undefined : determine(states, work);
    const automaton = transitions === undefined ? undefined : table(transitions, work);
    return automaton === undefined
      ? refused(`is too complex: its automaton has more than ${MOST_STATES} states or ${MOST_ENTRIES} transitions`)
      : success(automaton);
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    return refused(`is too complex: its automaton takes more than ${MOST_STEPS} steps to make`);
  }
}

/** Whether a text matches: what the filters do. */
export function accepts({ classes, classCount, next, accepting }: Automaton, text: Uint8Array): boolean {
  let state = 1;
  for (const byte of text) state = next[state * classCount + (classes[byte] ?? 0)] ?? 0;
  return accepting[state] ?? false;
}

/** An automaton that is not the smallest yet, and which classes the bytes have. */
interface Determined extends Transitions {
  readonly classes: Uint8Array<ArrayBuffer>;
}

/** The subset construction; `undefined` when there are too many subsets. */
function determine(states: States, work: Work): Determined | undefined {
  const { classes, samples } = byteClasses(states);
  const classCount = samples.length;
  const reach = new Reach(states, work);
  const begin = reach.subset([0], true);
  const subsets: Uint16Array[] = [new Uint16Array(), begin];
  const numbers = new Map([
    ['', 0],
    [keyOf(begin), 1],
  ]);
  const numberOf = (targets: readonly number[]): number => {
    const subset = reach.subset(targets, false);
    const key = keyOf(subset);
    const number = numbers.get(key) ?? subsets.push(subset) - 1;
    numbers.set(key, number);
    return number;
  };
  // Most bytes lead to one state or to none.
  const ofOne = new Map<number, number>();
  const next: number[] = samples.map(() => 0);
  for (let state = 1; state < subsets.length; state++) {
    for (const targets of targetsOf(states, subsets[state] ?? begin, classes, classCount, work)) {
      const [only = 0] = targets;
      const isOne = targets.length === 1;
      const number = targets.length === 0 ? 0 : ((isOne ? ofOne.get(only) : undefined) ?? numberOf(targets));
      if (isOne) ofOne.set(only, number);
      next.push(number);
    }
    if (subsets.length > MOST_STATES) return undefined;
  }
  const accepting = subsets.map((subset, state) => reach.isAccepted(subset, state === 1));
  return { classes, classCount, next: Uint16Array.from(next), accepting };
}

function keyOf(subset: Uint16Array): string {
  return Buffer.from(subset.buffer, subset.byteOffset, subset.byteLength).toString('latin1');
}

/** The bytes that no edge tells apart have one class; a sample of each class. */
function byteClasses({ edges }: States): {
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly samples: readonly number[];
} {
  const starts = new Set([0]);
  for (const of of edges) {
    for (const edge of of) {
      if (edge.kind !== 'byte') continue;
      starts.add(edge.from);
      if (edge.to < 255) starts.add(edge.to + 1);
    }
  }
  const samples = [...starts].sort((a, b) => a - b);
  const classes = Uint8Array.from({ length: 256 }, (_, byte) => samples.findLastIndex((start) => start <= byte));
  return { classes, samples };
}

/** Where the bytes of each class lead. */
function targetsOf(
  { edges }: States,
  subset: Uint16Array,
  classes: Uint8Array,
  classCount: number,
  work: Work,
): readonly (readonly number[])[] {
  const targets: number[][] = Array.from({ length: classCount }, () => []);
  for (const state of subset) {
    for (const edge of edges[state] ?? []) {
      if (edge.kind !== 'byte') continue;
      const last = classes[edge.to] ?? 0;
      for (let symbol = classes[edge.from] ?? 0; symbol <= last; symbol++) {
        work.spend(1);
        targets[symbol]?.push(edge.target);
      }
    }
  }
  work.spend(classCount);
  return targets;
}

/** Writes the table of the smallest automaton. */
function table({ classes, classCount, next, accepting }: Determined, work: Work): Automaton | undefined {
  const groups = groupsOf({ classCount, next, accepting }, work);
  // The dead state comes first, then the one to start in, which may be the same.
  const order = [...new Set([groups[0] ?? 0, groups[1] ?? 0, ...groups])];
  if (order.length * classCount > MOST_ENTRIES) return undefined;
  if (order.length === 1 || groups[0] === groups[1]) {
    return { classes, classCount, next: new Uint16Array(2 * classCount), accepting: [false, false] };
  }
  const places = new Map(order.map((group, place) => [group, place]));
  const firstOf = new Map(groups.map((group, state) => [group, state] as const).toReversed());
  const kept = order.map((group) => firstOf.get(group) ?? 0);
  const row = (state: number): readonly number[] =>
    Array.from(next.subarray(state * classCount, (state + 1) * classCount), (to) => places.get(groups[to] ?? 0) ?? 0);
  return {
    classes,
    classCount,
    next: Uint16Array.from(kept.flatMap(row)),
    accepting: kept.map((state) => accepting[state] ?? false),
  };
}

/** Long patterns are cut. */
function shown(pattern: string): string {
  return pattern.length > 100 ? `${pattern.slice(0, 100)}…` : pattern;
}
