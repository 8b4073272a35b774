import { describe, expect, it } from 'vitest';
import { formatFieldPath } from './field-path.ts';
import { maxFaults } from './fault.ts';
import { validate, validateSchema } from './validate.ts';
import {
  array,
  duration,
  integer,
  json,
  map,
  named,
  oneOf,
  quantity,
  required,
  string,
  withDefault,
} from './schema.ts';
import type { Schema } from './schema.ts';

function errorsOf(schema: Schema, value: unknown): readonly string[] {
  const result = validateSchema(schema, value);
  return result.ok ? [] : result.errors.map(({ path, message }) => `${formatFieldPath(path)}: ${message}`);
}

describe('a value that is right', () => {
  const schema = named('Example', {
    type: withDefault(oneOf(['A', 'B']), 'A'),
    nested: withDefault(named('Nested', { count: withDefault(integer(), 3) }), {}),
    blob: json(),
  });

  it('is defaulted, defaults inside defaults too, and frozen', () => {
    const result = validateSchema(schema, { blob: { deep: [1] } });
    expect(result).toEqual({ ok: true, value: { type: 'A', nested: { count: 3 }, blob: { deep: [1] } } });
    expect(result.ok && isDeeplyFrozen(result.value)).toBe(true);
  });

  it('is not the value that was given, which stays as it is', () => {
    const given = { type: 'B' };
    expect(validateSchema(schema, given)).toEqual({ ok: true, value: { type: 'B', nested: { count: 3 } } });
    expect(given).toEqual({ type: 'B' });
  });

  it('has its fields in the order of the schema', () => {
    const result = validateSchema(schema, { blob: 1, type: 'B' });
    expect(result.ok && Object.keys(Object(result.value))).toEqual(['type', 'nested', 'blob']);
  });

  it('takes its default in place of null, where there is one', () => {
    expect(validateSchema(schema, { type: null })).toMatchObject({ ok: true, value: { type: 'A' } });
    expect(errorsOf(named('B', { a: string() }), { a: null })).toEqual(['a: must be text, found null']);
  });

  it('keeps a key named __proto__ a key', () => {
    const result = validateSchema(map(string()), JSON.parse('{"__proto__": "a"}'));
    expect(result.ok && Object.entries(Object(result.value))).toEqual([['__proto__', 'a']]);
  });
});

describe('a value that is wrong', () => {
  const item = named('Item', { name: required(string()), port: integer({ minimum: 1, maximum: 9 }) });
  it.each<[string, Schema, unknown, readonly string[]]>([
    [
      'an unknown field',
      item,
      { nmae: 'a', name: 'b' },
      ['nmae: unknown field; did you mean name? (accepted here: name, port)'],
    ],
    ['a missing field', item, {}, ['name: must be present, is missing']],
    ['a wrong type', array(item), [{ name: 3 }], ['[0].name: must be text, found 3']],
    ['a list for an object', item, [], [': must be an object, found a list']],
    [
      'a value outside an enumeration',
      oneOf(['Exact', 'Prefix']),
      'exact',
      [': must be one of Exact, Prefix, found "exact"; did you mean Exact?'],
    ],
    ['a number out of range', item, { name: 'a', port: 10 }, ['port: must be 1 to 9, found 10']],
    ['a fraction', integer(), 1.5, [': must be a whole number, found 1.5']],
    ['text that is too long', string({ maxLength: 2 }), 'äöü', [': must have at most 2 characters, found 3']],
    ['a pattern', string({ pattern: '^a$', patternHint: 'the letter a' }), 'b', [': must be the letter a, found "b"']],
    ['a format', duration(), '1 s', [': must be a duration such as 1h, 30s or 1s500ms (GEP-2257), found "1 s"']],
    ['a quantity', quantity(), '1 Gi', [': must be a quantity such as 100m, 2 or 16Ki, found "1 Gi"']],
    ['too few items', array(item, { minItems: 1 }), [], [': must have at least 1 items, found 0']],
    [
      'a repeated key',
      array(item, { mapKeys: ['name'] }),
      [{ name: 'a' }, { name: 'a' }],
      ['[1]: must not repeat name "a", which item 0 has'],
    ],
    ['a repeated value', array(string(), { set: true }), ['a', 'a'], ['[1]: must not repeat "a", which item 0 has']],
    ['a key of a map', map(string(), { keyPattern: '^a$' }), { 'b.c': '' }, ['["b.c"]: the key must match ^a$']],
    [
      'a secret value',
      string({ sensitive: true, pattern: '^a$' }),
      'hunter2',
      [': must be text that matches ^a$, found a text'],
    ],
  ])('%s', (_, schema, value, errors) => {
    expect(errorsOf(schema, value)).toEqual(errors);
  });

  it('is not tried against rules while its shape is wrong', () => {
    const schema = named('C', { a: string() }, { rules: [{ rule: 'size(self.a) > 100', message: 'must be long' }] });
    expect(errorsOf(schema, { a: 1 })).toEqual(['a: must be text, found 1']);
    expect(errorsOf(schema, { a: '' })).toEqual([': must be long']);
  });

  it('gives a bounded number of errors', () => {
    expect(
      errorsOf(
        array(integer()),
        Array.from({ length: 10_000 }, () => 'a'),
      ),
    ).toHaveLength(maxFaults);
  });

  it('is refused in linear time where a pattern could backtrack', () => {
    expect(errorsOf(string({ pattern: '^(a+)+$' }), `${'a'.repeat(5000)}!`)).toEqual([
      ': must have at most 1024 characters, found 5001',
    ]);
  });
});

describe('null', () => {
  it('counts as absent in kinds that are built into Kubernetes and in metadata, where it is everyday', () => {
    const document = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', labels: null, creationTimestamp: null },
      data: null,
    };
    expect(validate('ConfigMap', document)).toMatchObject({ ok: true, value: { metadata: { name: 'a' } } });
  });

  it('is refused in a policy: a section that was left empty must not mean no policy', () => {
    const spec = { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'a' }], jwt: null };
    const document = {
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: { name: 'a' },
      spec,
    };
    expect(validate('SecurityPolicy', document)).toMatchObject({ ok: false, errors: [{ path: ['spec', 'jwt'] }] });
  });
});

describe('a Gateway', () => {
  it('gets the defaults of the specification', () => {
    const result = validate('Gateway', {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'eg' },
      spec: {
        gatewayClassName: 'eg',
        listeners: [{ name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'c' }] } }],
      },
    });
    expect(result).toMatchObject({
      ok: true,
      value: {
        metadata: { namespace: 'default', generation: 1 },
        spec: {
          listeners: [
            {
              allowedRoutes: { namespaces: { from: 'Same' } },
              tls: { mode: 'Terminate', certificateRefs: [{ group: '', kind: 'Secret', name: 'c' }] },
            },
          ],
        },
      },
    });
  });
});

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen);
}
