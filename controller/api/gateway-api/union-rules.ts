import type { Rule } from '../schema.ts';

/** The rules of a union whose `discriminator` names exactly the member that is present. */
export function memberRules(members: { readonly [type: string]: string }, discriminator = 'type'): readonly Rule[] {
  return Object.entries(members).map(([type, field]) => ({
    rule: `has(self.${field}) == (self.${discriminator} == '${type}')`,
    message: `must be present when ${discriminator} is ${type}, and only then`,
    fieldPath: [field],
  }));
}
