import type { StringMatch } from '#controller/api/gen/types.d.ts';
import type { TextComparisonIr } from '../../ir/text-comparison.ts';
import { accepts, compileRegex } from '../../regex/automaton.ts';
import { regexProblem } from '../../regex/problem.ts';
import type { Problems } from '../../resources/problems.ts';

const KINDS = { Exact: 'exact', Prefix: 'prefix', Suffix: 'suffix', RegularExpression: 'regex' } as const;

/** Translates a comparison of a text; a bad regular expression is a problem of its field. */
export function textComparison({ type, value }: StringMatch, field: string, problems: Problems): TextComparisonIr {
  const wrong = type === 'RegularExpression' ? regexProblem(value) : undefined;
  if (wrong !== undefined) problems.add(field, `found ${wrong}`);
  return { kind: KINDS[type], value };
}

/** Whether a text is what is compared with. A regular expression that is too large to be tried is taken not to match. */
export function isMatch({ kind, value }: TextComparisonIr, text: string): boolean {
  switch (kind) {
    case 'exact':
      return text === value;
    case 'prefix':
      return text.startsWith(value);
    case 'suffix':
      return text.endsWith(value);
    case 'regex': {
      const compiled = compileRegex(value);
      return compiled.ok && accepts(compiled.value, Buffer.from(text));
    }
    default:
      return kind satisfies never;
  }
}
