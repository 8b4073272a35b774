import { setFlagsFromString } from 'node:v8';
import type { HeaderView } from '../processor/header-view.ts';

// Backtracking would let one header keep the sidecar from every other request. The engine takes what RE2 takes, too.
setFlagsFromString('--enable-experimental-regexp-engine');

/** What a header has to be like. */
export interface HeaderTest {
  /** Lower case. */
  readonly name: string;
  readonly isMet: (value: string) => boolean;
}

/** How the value of a header is compared: `sluice.agent.v1.HeaderMatch`. */
export type HeaderComparison =
  | { readonly case: 'exact' | 'prefix' | 'suffix' | 'regex'; readonly value: string }
  | { readonly case: undefined };

/** Makes the test of a header; throws a SyntaxError on an expression that cannot be run in linear time. */
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
    case 'regex': {
      const [, ignoresCase, pattern] = /^(\(\?i\))?(.*)$/su.exec(match.value) ?? [];
      const expression = new RegExp(`^(?:${pattern})$`, ignoresCase === undefined ? 'l' : 'li');
      return (value) => expression.test(value);
    }
    case undefined:
      throw new SyntaxError('a comparison of no kind');
    default:
      return match satisfies never;
  }
}

/** Whether a request has a header that one of these tests is met by. */
export function isAnyMet(tests: readonly HeaderTest[], headers: HeaderView): boolean {
  return tests.some(({ name, isMet }) => headers.getAll(name).some(isMet));
}
