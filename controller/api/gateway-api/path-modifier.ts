import type { ObjectSchema, Rule } from '../schema.ts';
import { named, oneOf, required, string } from '../schema.ts';
import { memberRules } from './union-rules.ts';

const members = { ReplaceFullPath: 'replaceFullPath', ReplacePrefixMatch: 'replacePrefixMatch' };

/** How a path is changed, with rules that hold where it is used. */
export function pathModifierOf(rules: readonly Rule[] = []): ObjectSchema {
  return named(
    'HTTPPathModifier',
    {
      type: required(oneOf(Object.keys(members))),
      replaceFullPath: string({ maxLength: 1024 }),
      replacePrefixMatch: string({ maxLength: 1024 }),
    },
    { rules: [...memberRules(members), ...rules] },
  );
}

/** How a path is changed: as a whole, or the prefix that matched. */
export const httpPathModifier = pathModifierOf();
