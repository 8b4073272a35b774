import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinds } from '#controller/api/kinds.ts';
import { DEFAULT_SETTINGS, SOME_MODULE } from '#controller/compile.ts';
import { admit } from '#controller/provider/admit.ts';
import { readClosedObject } from '#controller/provider/closed-objects.ts';
import { readInvalidPolicy } from '#controller/resources/invalid-policy.ts';
import { namespaceOf } from '#controller/resources/resources.ts';
import { createTranslator, type Translation } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import { anyOfKind } from './any-schema.ts';
import { BEGINNING } from './beginning.ts';
import { type Document, GATEWAY_API } from './choices.ts';
import { anyDocument } from './documents.ts';
import { mutated } from './mutated.ts';
import { World } from './world.ts';

/** A class that only the neighbour is of, and a port that nobody else draws. */
const CLASS = 'quiet';
const PORT = 20_443;

/** Somebody who has nothing to do with the others: a namespace, a Gateway and a route of their own. */
const NEIGHBOUR: readonly Document[] = [
  of(GATEWAY_API, 'GatewayClass', CLASS, {
    spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  }),
  of(GATEWAY_API, 'Gateway', 'g', {
    spec: { gatewayClassName: CLASS, listeners: [{ name: 'http', protocol: 'HTTP', port: PORT }] },
  }),
  of(GATEWAY_API, 'HTTPRoute', 'r', {
    spec: { parentRefs: [{ name: 'g' }], rules: [{ backendRefs: [{ name: 's', port: 80 }] }] },
  }),
  of('v1', 'Service', 's', { spec: { ports: [{ name: 'http', port: 80 }] } }),
];

function of(apiVersion: string, kind: string, name: string, rest: object): Document {
  return { apiVersion, kind, metadata: kind === 'GatewayClass' ? { name } : { name, namespace: 'quiet' }, ...rest };
}

const anything = fc.oneof(
  { weight: 2, arbitrary: anyDocument },
  { weight: 1, arbitrary: fc.constantFrom(...kinds).chain(anyOfKind) },
  { weight: 3, arbitrary: mutated(anyDocument) },
);

/** Everything that the neighbour's proxy gets, by its bytes. */
function neighboursBytes({ proxies }: Translation): readonly string[] {
  const proxy = proxies.get('quiet/g');
  if (proxy === undefined) return [];
  return Object.values(lower(proxy.xds, SOME_MODULE)).flatMap((found) =>
    [...found.values()].map(({ name, wire }) => `${name} ${Buffer.from(wire).toString('base64')}`),
  );
}

describe('whoever has nothing to do with the others', () => {
  it('keeps every byte, whatever they write, mistakes among it', () => {
    const { refused, taken } = { refused: new Set<string>(), taken: new Set<string>() };
    fc.assert(
      fc.property(fc.array(anything, { minLength: 5, maxLength: 40, size: 'max' }), (documents) => {
        const world = new World([...BEGINNING, ...NEIGHBOUR]);
        const translate = createTranslator(DEFAULT_SETTINGS);
        const before = neighboursBytes(translate(world.store));
        expect(before.length).toBeGreaterThan(3);
        for (const document of documents) {
          const admitted = admit(document);
          if (admitted.kind === 'resource') {
            world.store.upsert(admitted.resource);
            taken.add(document.kind);
          } else {
            const { kind, metadata } = document;
            refused.add(kind);
            const invalid = readInvalidPolicy(kind, namespaceOf({ metadata }), metadata.name, document);
            if (invalid !== undefined) world.store.setInvalidPolicies([invalid]);
            const closed = readClosedObject(kind, namespaceOf({ metadata }), metadata.name, document);
            if (closed !== undefined) world.store.setClosed([closed]);
          }
        }
        expect(neighboursBytes(translate(world.store))).toEqual(before);
      }),
      { seed: 20_260_101, numRuns: 300, endOnFailure: true },
    );
    expect(refused.size).toBeGreaterThan(15);
    expect(taken.size).toBeGreaterThan(20);
  });
});
