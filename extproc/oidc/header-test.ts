import type { MessageTypes } from '#proto/load.ts';
import type { HeaderView } from '../processor/header-view.ts';

/** What a header has to be like. */
export interface HeaderTest {
  /** Lower case. */
  readonly name: string;
  readonly isMet: (value: string) => boolean;
}

/** How the value of a header is compared. */
export type HeaderComparison = MessageTypes['sluice.agent.v1.HeaderMatch']['match'];
type Automaton = MessageTypes['sluice.filter.v1.Automaton'];

/** Makes the test of a header. */
export function headerTest(name: string, match: HeaderComparison): HeaderTest {
  return { name: name.toLowerCase(), isMet: comparison(match) };
}

function comparison(match: HeaderComparison): (value: string) => boolean {
  switch (match.case) {
    case 'exact':
      return (value) => value === match.value;
    case 'prefix':
      return (value) => value.startsWith(match.value);
    case 'suffix':
      return (value) => value.endsWith(match.value);
    case 'regex':
      return (value) => accepts(match.value, Buffer.from(value));
    case undefined:
      throw new Error('a header is compared in a way of another version');
    default:
      return match satisfies never;
  }
}

/** Whether a whole text matches; takes the same time for every byte. */
function accepts({ classes, classCount, next, accepting }: Automaton, text: Buffer): boolean {
  let state = 1;
  for (const byte of text) {
    const entry = (state * classCount + (classes[byte] ?? 0)) * 2;
    state = (next[entry] ?? 0) | ((next[entry + 1] ?? 0) << 8);
  }
  return accepting[state] === 1;
}

/** Whether a request has a header that one of these tests is met by. */
export function isAnyMet(tests: readonly HeaderTest[], headers: HeaderView): boolean {
  return tests.some(({ name, isMet }) => headers.getAll(name).some(isMet));
}
