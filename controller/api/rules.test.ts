import { describe, expect, it } from 'vitest';
import { evaluateRule, ruleCheck } from './cel.ts';
import { envoyGatewayConfig } from './envoy-gateway/envoy-gateway-config.ts';
import { kinds } from './kinds.ts';
import { ruleExamples } from './rules.examples.ts';
import type { Rule, Schema } from './schema.ts';

function rulesOf(schema: Schema, at: string, found: Map<string, { readonly at: string; readonly rule: Rule }>): void {
  const here = schema.type === 'object' ? (schema.name ?? at) : at;
  for (const rule of schema.rules ?? []) found.set(`${rule.rule}${rule.message}`, { at: here, rule });
  if (schema.type === 'object')
    for (const [field, child] of Object.entries(schema.properties)) rulesOf(child, `${here}.${field}`, found);
  if (schema.type === 'array') rulesOf(schema.items, `${here}[]`, found);
  if (schema.type === 'map') rulesOf(schema.values, `${here}{}`, found);
}

const rules = new Map<string, { readonly at: string; readonly rule: Rule }>();
for (const kind of kinds) rulesOf(kind.schema, kind.kind, rules);
rulesOf(envoyGatewayConfig, 'EnvoyGateway', rules);

/** `has(self.FIELD) == (self.DISCRIMINATOR == 'VALUE')` needs no example of its own. */
const member = /^has\(self\.(?<field>\w+)\) == \(self\.(?<discriminator>\w+) == '(?<value>\w+)'\)$/u;

function examplesOf(rule: Rule): { readonly accepts: readonly unknown[]; readonly refuses: readonly unknown[] } {
  const { field, discriminator, value } = member.exec(rule.rule)?.groups ?? {};
  if (field !== undefined && discriminator !== undefined) {
    return {
      accepts: [{ [discriminator]: value, [field]: {} }, { [discriminator]: 'Another' }],
      refuses: [{ [discriminator]: value }, { [discriminator]: 'Another', [field]: {} }],
    };
  }
  const example = ruleExamples.find(({ message }) =>
    typeof message === 'string' ? message === rule.message : message.test(rule.message),
  );
  return example ?? { accepts: [], refuses: [] };
}

describe('every CEL rule runs', () => {
  it.each([...rules.values()].map(({ at, rule }) => [at, rule.message, rule] as const))('%s: %s', (_, __, rule) => {
    const { accepts, refuses } = examplesOf(rule);
    expect(accepts).not.toHaveLength(0);
    expect(refuses).not.toHaveLength(0);
    expect(accepts.filter((value) => evaluateRule(rule, value) !== true)).toEqual([]);
    expect(refuses.filter((value) => evaluateRule(rule, value) !== false)).toEqual([]);
  });

  it('refuses what a rule cannot be evaluated on', () => {
    expect(ruleCheck({ rule: "self.name == 'a'", message: 'must be a' })({})).toBe(false);
  });

  it('reads an escaped reserved word as the field it stands for', () => {
    expect(evaluateRule({ rule: 'has(self.__namespace__)', message: '' }, { namespace: 'a' })).toBe(true);
  });
});
