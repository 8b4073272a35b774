import * as fc from 'fast-check';
import { formats } from '#controller/api/formats.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import { apiVersionOf } from '#controller/api/kind.ts';
import type { ObjectSchema, Schema, StringSchema } from '#controller/api/schema.ts';
import type { Document } from './choices.ts';

/** Text of every kind that fields want; of a field those are drawn that its schema takes. */
const WORDS: readonly string[] = [
  '',
  ...`a b c1 g1 g2 r1 s1 b1 k1 p http https narrow first secret1 X-Header example.com *.example.com * audience
      Gateway HTTPRoute Service Backend ConfigMap Secret EnvoyProxy gateway.networking.k8s.io gateway.envoyproxy.io
      gateway.envoyproxy.io/gatewayclass-controller https://example.com https://example.com/jwks / /a /a/b [0-9]+ % é \\
      {"keys":[]} 1s 500ms 1h 10.0.0.1 ::1 10.0.0.0/8 2026-01-01T00:00:00Z YQ== 16Ki 100m`.split(/\s+/u),
];

/** A document of a kind, of any shape that the schema allows before its rules are asked. */
export function anyOfKind({ group, kind, scope, storageVersion, schema }: KindSchema): fc.Arbitrary<Document> {
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...properties } = schema.properties;
  const names = fc.constantFrom('c1', 'g1', 'r1', 's1', 'b1', 'k1');
  const metadata =
    scope === 'Cluster' ? fc.record({ name: names }) : fc.record({ name: names, namespace: fc.constant('a') });
  return fc.tuple(metadata, anyObject({ ...schema, properties }, 0)).map(([found, fields]) => ({
    apiVersion: apiVersionOf(group, storageVersion),
    kind,
    metadata: found,
    ...(TARGETING.has(kind) ? withTargets(fields) : fields),
  }));
}

/** Policies whose rules on targets would refuse almost everything that is drawn for them. */
const TARGETING: ReadonlySet<string> = new Set([
  'ClientTrafficPolicy',
  'BackendTrafficPolicy',
  'SecurityPolicy',
  'EnvoyExtensionPolicy',
]);

function withTargets(fields: { readonly [field: string]: unknown }): object {
  const spec = typeof fields['spec'] === 'object' ? fields['spec'] : {};
  const { targetRef: _, targetSelectors: __, ...rest } = { targetRef: 0, targetSelectors: 0, ...spec };
  return { spec: { ...rest, targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'g1' }] } };
}

function anyObject({ properties }: ObjectSchema, depth: number): fc.Arbitrary<{ readonly [field: string]: unknown }> {
  const entries = Object.entries(properties).map(([name, schema]) => {
    const value = anyValue(schema, depth + 1).map((found) => [name, found] as const);
    if (schema.required === true) return value;
    // Few fields at a time: the more there are, the more rules between them refuse the whole.
    return fc.oneof(
      { weight: depth === 0 ? 0 : 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: value },
    );
  });
  return fc
    .tuple(...entries)
    .map((found) => Object.fromEntries(found.flatMap((entry) => (entry === undefined ? [] : [entry]))));
}

function anyValue(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return anyObject(schema, depth);
    case 'map':
      return fc.dictionary(fc.constantFrom('jwks', 'tls.crt', 'team'), anyValue(schema.values, depth + 1), {
        maxKeys: 2,
      });
    case 'array':
      return fc.array(anyValue(schema.items, depth + 1), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 2, Math.max(schema.minItems ?? 0, 2)),
      });
    case 'string':
      return anyText(schema);
    case 'integer':
      if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
      return fc.integer({ min: schema.minimum ?? -1, max: Math.min(schema.maximum ?? 10_000, 10_000) });
    case 'number':
      return fc.integer({ min: Math.ceil(schema.minimum ?? 0), max: Math.floor(schema.maximum ?? 100) });
    case 'boolean':
      return fc.boolean();
    case 'int-or-string':
      return fc.constantFrom(1, 80, '16Ki', '100m');
    case 'json':
      return fc.constantFrom<unknown>({}, { key: 'value' });
    default:
      return schema satisfies never;
  }
}

const drawn = new WeakMap<StringSchema, fc.Arbitrary<string>>();

function anyText(schema: StringSchema): fc.Arbitrary<string> {
  const known = drawn.get(schema);
  if (known !== undefined) return known;
  const { enum: values, pattern, minLength = 0, maxLength = 1_000, format } = schema;
  const expression = pattern === undefined ? undefined : new RegExp(pattern, 'u');
  const fitting = WORDS.filter(
    (word) =>
      word.length >= minLength &&
      word.length <= maxLength &&
      (expression?.test(word) ?? true) &&
      (format === undefined || formats[format].accepts(word)),
  );
  const made = fc.constantFrom(...(values ?? (fitting.length === 0 ? ['a'] : fitting)));
  drawn.set(schema, made);
  return made;
}
