import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { expect, it } from 'vitest';
import { isObject } from '#controller/api/compile.ts';
import { kubernetesProvider } from '#controller/api/envoy-gateway/proxy-kubernetes.ts';
import type { Schema } from '#controller/api/schema.ts';
import { objectsCases } from '#test/golden/objects.ts';

/** Every field of our own below a schema, "a.b[].c"; what is Kubernetes' own is one. */
function fieldsOf(schema: Schema, at = ''): readonly string[] {
  if (schema.type === 'array') return fieldsOf(schema.items, `${at}[]`);
  if (schema.type !== 'object' || Object.keys(schema.properties).length === 0) return [at];
  return Object.entries(schema.properties).flatMap(([name, child]) =>
    fieldsOf(child, at === '' ? name : `${at}.${name}`),
  );
}

/** Every field that a value says, in the same words, those on the way to others too. */
function saidBy(value: unknown, at = ''): readonly string[] {
  if (Array.isArray(value)) return [at, ...value.flatMap((item) => saidBy(item, `${at}[]`))];
  if (!isObject(value)) return [at];
  return [at, ...Object.entries(value).flatMap(([name, inner]) => saidBy(inner, at === '' ? name : `${at}.${name}`))];
}

it('every field of an EnvoyProxy about Kubernetes is in a golden case', () => {
  const said = new Set(
    objectsCases().flatMap(({ input }) => {
      const documents = parseAllDocuments(readFileSync(input, 'utf8'));
      return (Array.isArray(documents) ? documents : []).flatMap((document) => {
        const { kind, spec }: { readonly kind?: unknown; readonly spec?: { readonly provider?: unknown } } = {
          ...document.toJS(),
        };
        const provider = kind === 'EnvoyProxy' ? spec?.provider : undefined;
        return isObject(provider) ? saidBy(provider['kubernetes']) : [];
      });
    }),
  );
  expect(fieldsOf(kubernetesProvider).filter((field) => !said.has(field))).toEqual([]);
});
