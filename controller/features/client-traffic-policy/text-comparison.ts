import type { StringMatch } from '#controller/api/gen/types.d.ts';
import type { TextComparisonIr } from '../../ir/text-comparison.ts';
import { accepts, type RegexBudget } from '../../regex/automaton.ts';
import { regexProblem } from '../../regex/problem.ts';
import type { Problems } from '../../resources/problems.ts';
import { type Outcome, success } from '../../resources/verdict.ts';

const KINDS = { Exact: 'exact', Prefix: 'prefix', Suffix: 'suffix', RegularExpression: 'regex' } as const;

/** Translates a comparison of a text; a bad regular expression is a problem of its field. */
export function textComparison({ type, value }: StringMatch, field: string, problems: Problems): TextComparisonIr {
  const wrong = type === 'RegularExpression' ? regexProblem(value) : undefined;
  if (wrong !== undefined) problems.add(field, `found ${wrong}`);
  return { kind: KINDS[type], value };
}

/** Says whether a text is what is compared with; of a regular expression that cannot be tried, why. */
export function textTest(
  { kind, value }: TextComparisonIr,
  budget: RegexBudget,
): Outcome<(text: string) => boolean, 'Invalid'> {
  switch (kind) {
    case 'exact':
      return success((text) => text === value);
    case 'prefix':
      return success((text) => text.startsWith(value));
    case 'suffix':
      return success((text) => text.endsWith(value));
    case 'regex': {
      const compiled = budget.compile(value);
      return compiled.ok ? success((text) => accepts(compiled.value, Buffer.from(text))) : compiled;
    }
    default:
      return kind satisfies never;
  }
}
