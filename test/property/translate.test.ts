import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, SOME_MODULE } from '#controller/compile.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { CLOSING_KINDS } from '#controller/resources/closed-object.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { createTranslator } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import type { Document } from './choices.ts';
import { BEGINNING } from './beginning.ts';
import { anyDocument } from './documents.ts';
import { anyEdit, expectSame, objectsOf, visible, World } from './world.ts';
import { httpChains } from '#controller/ir/listener.ts';

/**
 * The same seed every time: what fails here fails for everybody. Worlds and edits vary enough with it. What is tried is fixed by
 * its number, not by time: a busy machine takes longer, and tries the same.
 */
const RUNS = { seed: 20_260_101, numRuns: 150 } as const;
const anyWorld = fc.array(anyDocument, { minLength: 10, maxLength: 60, size: 'max' });

function storeOf(documents: readonly Document[]): ResourceStore {
  return new World(documents).store;
}

/** A store of equal objects, none of them the same, so that no memory that goes by identity can help. */
function copyOf(store: ResourceStore): ResourceStore {
  const copy = new ResourceStore();
  for (const resource of structuredClone(objectsOf(store)).toReversed()) copy.upsert(resource);
  copy.setInvalidPolicies(store.invalidPolicies());
  copy.setClosed(structuredClone(CLOSING_KINDS.flatMap((kind) => store.closed(kind))));
  return copy;
}

/** The virtual hosts of a proxy, each as a number that stands for the object. */
function hostsOf(ir: ProxyIr | undefined): readonly number[] {
  const hosts = ir?.listeners.flatMap(httpChains).flatMap(({ virtualHosts }) => virtualHosts) ?? [];
  return hosts.map((host) => {
    const known = numbers.get(host) ?? next++;
    numbers.set(host, known);
    return known;
  });
}

const numbers = new WeakMap<object, number>();
let next = 0;

it('the documents that are drawn are of every kind, and most are valid', () => {
  const kinds = new Set(fc.sample(anyDocument, { seed: RUNS.seed, numRuns: 500 }).map(({ kind }) => kind));
  expect(kinds.size).toBe(24);
});

describe('translation', () => {
  it('after any edits is what a translator that saw only the last state makes', () => {
    fc.assert(
      fc.property(fc.array(anyEdit, { minLength: 20, maxLength: 120, size: 'max' }), (edits) => {
        const world = new World(BEGINNING);
        const translate = createTranslator(DEFAULT_SETTINGS);
        translate(world.store);
        for (const [index, edit] of edits.entries()) {
          world.apply(edit);
          const remembered = translate(world.store);
          if (index % 10 === 9 || index === edits.length - 1) {
            expectSame(remembered, createTranslator(DEFAULT_SETTINGS)(copyOf(world.store)));
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

  it('made twice is the same, virtual hosts by identity', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const store = storeOf([...BEGINNING, ...world]);
        const translate = createTranslator(DEFAULT_SETTINGS);
        const [first, second] = [translate(store), translate(store)];
        expectSame(second, first);
        for (const [key, { xds }] of second.proxies) {
          expect(hostsOf(xds)).toEqual(hostsOf(first.proxies.get(key)?.xds));
        }
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
          const clusters = new Set(xds.clusters.flat().map(({ name }) => name));
          expect([...snapshot.cluster.keys()].sort()).toEqual([...clusters].sort());
          expect([...snapshot.endpoint.keys()].every((name) => clusters.has(name))).toBe(true);
          for (const listener of xds.listeners) {
            for (const { name, tls } of httpChains(listener)) {
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

  it('without an object is what it was before the object came', () => {
    const isSame = (one: Document, other: Document): boolean =>
      one.kind === other.kind &&
      one.metadata.name === other.metadata.name &&
      one.metadata.namespace === other.metadata.namespace;
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyWorld, anyDocument, (world, object) => {
        const now = new World([...BEGINNING, ...world].filter((one) => !isSame(one, object)));
        const translate = createTranslator(DEFAULT_SETTINGS);
        const before = visible(translate(now.store));
        now.apply({ kind: 'write', document: object });
        translate(now.store);
        now.apply({ kind: 'remove', document: object });
        expect(visible(translate(now.store))).toEqual(before);
        seen.add(object.kind);
      }),
      RUNS,
    );
    expect(seen.size).toBeGreaterThan(15);
  });
});
