import { describe, expect, it } from 'vitest';
import { evaluateRule, quickly, ruleCheck } from './cel.ts';
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
const memberRule = /^has\(self\.(?<field>\w+)\) == \(self\.(?<discriminator>\w+) == '(?<value>\w+)'\)$/u;

function examplesOf(rule: Rule): { readonly accepts: readonly unknown[]; readonly refuses: readonly unknown[] } {
  const { field, discriminator, value } = memberRule.exec(rule.rule)?.groups ?? {};
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

/** Values of the same shape that differ from this one in one place each: a part is gone, doubled or another. */
function* changed(value: unknown): Iterable<unknown> {
  if (typeof value === 'string') yield* ['', `${value}x`];
  if (typeof value === 'number') yield* [0, value + 1];
  if (typeof value === 'boolean') yield !value;
  if (Array.isArray(value)) {
    yield [];
    yield [...value, ...value];
    for (const [index, member] of value.entries()) {
      yield value.toSpliced(index, 1);
      for (const other of changed(member)) yield value.with(index, other);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [field, member] of Object.entries(value)) {
      yield Object.fromEntries(Object.entries(value).filter(([name]) => name !== field));
      for (const other of changed(member)) yield { ...value, [field]: other };
    }
  }
}

function verdict(run: () => unknown): boolean {
  try {
    return run() === true;
  } catch {
    return false;
  }
}

describe('a rule that is run quickly', () => {
  const quick = [...rules.values()].flatMap(({ rule }) => {
    const run = quickly(rule);
    return run === undefined ? [] : [{ rule, run }];
  });

  it('is nearly every one', () => {
    expect(quick.length / rules.size).toBeGreaterThan(0.9);
  });

  it('gives the verdict of CEL on every example, and on whatever is next to one', () => {
    const wrong = quick.flatMap(({ rule, run }) => {
      const { accepts, refuses } = examplesOf(rule);
      const values = [...accepts, ...refuses].flatMap((value) => [value, ...changed(value)]);
      return values
        .filter((value) => verdict(() => run(value)) !== verdict(() => evaluateRule(rule, value)))
        .map((value) => `${rule.rule}: ${JSON.stringify(value)}`);
    });
    expect(wrong).toEqual([]);
  });
});
