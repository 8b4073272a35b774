import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, SOME_MODULE } from '#controller/compile.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { createTranslator } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import type { Document } from './choices.ts';
import { anyDocument, BEGINNING } from './documents.ts';
import { anyEdit, applyEdit, expectSame, objectsOf, resourceOf, visible } from './world.ts';

/** The same seed every time: what fails here fails for everybody. Worlds and edits vary enough with it. */
const RUNS = { seed: 20_260_101, numRuns: 150 } as const;
const anyWorld = fc.array(anyDocument, { minLength: 10, maxLength: 60 });

function storeOf(documents: readonly Document[]): ResourceStore {
  const store = new ResourceStore();
  for (const document of documents) store.upsert(resourceOf(document));
  return store;
}

it('the documents that are drawn are of every kind, and most are valid', () => {
  const kinds = new Set(fc.sample(anyDocument, { seed: RUNS.seed, numRuns: 500 }).map(({ kind }) => kind));
  expect(kinds.size).toBe(13);
});

describe('translation', () => {
  it('after any edits is what a translator that saw only the last state makes', () => {
    fc.assert(
      fc.property(fc.array(anyEdit, { minLength: 20, maxLength: 120 }), (edits) => {
        const store = storeOf(BEGINNING);
        const translate = createTranslator(DEFAULT_SETTINGS);
        translate(store);
        for (const [index, edit] of edits.entries()) {
          applyEdit(store, edit);
          const remembered = translate(store);
          if (index % 10 === 9 || index === edits.length - 1) {
            expectSame(remembered, createTranslator(DEFAULT_SETTINGS)(store));
          }
        }
      }),
      { ...RUNS, numRuns: 60 },
    );
  });

  it('of objects that come in another order has the same bytes', () => {
    const shuffled = anyWorld.chain((world) => {
      const objects = objectsOf(storeOf([...BEGINNING, ...world]));
      return fc.tuple(
        fc.constant(objects),
        fc.shuffledSubarray([...objects], { minLength: objects.length, maxLength: objects.length }),
      );
    });
    fc.assert(
      fc.property(shuffled, ([objects, others]) => {
        const [first, second] = [objects, others].map((order) => {
          const store = new ResourceStore();
          for (const resource of order) store.upsert(resource);
          return visible(createTranslator(DEFAULT_SETTINGS)(store));
        });
        expect(second).toEqual(first);
      }),
      RUNS,
    );
  });

  it('made twice is the same', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const store = storeOf([...BEGINNING, ...world]);
        const translate = createTranslator(DEFAULT_SETTINGS);
        const [first, second] = [translate(store), translate(store)];
        expectSame(second, first);
      }),
      RUNS,
    );
  });

  it('closes every reference: routes to clusters, clusters to endpoints, listeners to routes and certificates', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const { proxies } = createTranslator(DEFAULT_SETTINGS)(storeOf([...BEGINNING, ...world]));
        for (const { xds } of proxies.values()) {
          const snapshot = lower(xds, SOME_MODULE);
          const clusters = new Set(xds.clusters.map(({ name }) => name));
          expect([...snapshot.cluster.keys()].sort()).toEqual([...clusters].sort());
          expect([...snapshot.endpoint.keys()].every((name) => clusters.has(name))).toBe(true);
          for (const { chains } of xds.listeners) {
            for (const { name, tls } of chains) {
              expect(snapshot.route.has(name)).toBe(true);
              expect((tls?.certificates ?? []).every((secret) => snapshot.secret.has(secret))).toBe(true);
            }
          }
          expect(snapshot.listener.size).toBe(xds.listeners.length);
        }
      }),
      RUNS,
    );
  });

  it('without a policy is what it was before the policy came', () => {
    const policies = anyDocument.filter(({ kind }) => kind.endsWith('Policy'));
    fc.assert(
      fc.property(anyWorld, policies, (world, policy) => {
        const others = world.filter(
          ({ kind, metadata }) =>
            kind !== policy.kind ||
            metadata.name !== policy.metadata.name ||
            metadata.namespace !== policy.metadata.namespace,
        );
        const store = storeOf([...BEGINNING, ...others]);
        const translate = createTranslator(DEFAULT_SETTINGS);
        const before = visible(translate(store));
        applyEdit(store, { kind: 'write', document: policy });
        translate(store);
        applyEdit(store, { kind: 'remove', document: policy });
        expect(visible(translate(store))).toEqual(before);
      }),
      RUNS,
    );
  });
});
