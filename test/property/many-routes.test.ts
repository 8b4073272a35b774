import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, SOME_MODULE } from '#controller/compile.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { createTranslator, type Translation } from '#controller/translate.ts';
import { lower } from '#controller/xds/lower.ts';
import type { XdsSnapshot } from '#controller/xds/snapshot.ts';
import { BEGINNING } from './beginning.ts';
import { type Document, ENVOY_GATEWAY, GATEWAY_API } from './choices.ts';
import { ObedientClient } from './obedient-client.ts';
import { type Edit, expectSame, objectsOf, World } from './world.ts';

/** So many that what is kept in pieces is in several of them. */
const ROUTES = 300;
const SERVICES = 150;
const HOSTS = 200;

function document(apiVersion: string, kind: string, name: string, spec: object): Document {
  return { apiVersion, kind, metadata: { name, namespace: 'a' }, spec };
}

const upTo = (count: number): fc.Arbitrary<number> => fc.nat({ max: count - 1 });
const routeName = upTo(ROUTES).map((index) => `m${index}`);
const serviceName = upTo(SERVICES).map((index) => `n${index}`);

const route: fc.Arbitrary<Document> = fc
  .record({
    name: routeName,
    parents: fc.subarray(['g1', 'g2'], { minLength: 1 }),
    hosts: fc.uniqueArray(
      upTo(HOSTS).map((index) => `h${index}.example.com`),
      { maxLength: 2 },
    ),
    path: fc.constantFrom('/', '/a', '/b'),
    services: fc.array(serviceName, { minLength: 1, maxLength: 2 }),
  })
  .map(({ name, parents, hosts, path, services }) =>
    document(GATEWAY_API, 'HTTPRoute', name, {
      parentRefs: parents.map((parent) => ({ name: parent })),
      ...(hosts.length === 0 ? {} : { hostnames: hosts }),
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: path } }],
          backendRefs: services.map((service) => ({ name: service, port: 80 })),
        },
      ],
    }),
  );

const service: fc.Arbitrary<Document> = fc
  .tuple(serviceName, fc.constantFrom('http', 'kubernetes.io/h2c'))
  .map(([name, appProtocol]) => document('v1', 'Service', name, { ports: [{ port: 80, appProtocol }] }));

const target = fc.oneof(
  { weight: 4, arbitrary: routeName.map((name) => ({ kind: 'HTTPRoute', name })) },
  { weight: 1, arbitrary: fc.constantFrom('g1', 'g2').map((name) => ({ kind: 'Gateway', name })) },
);

const policy: fc.Arbitrary<Document> = fc
  .tuple(upTo(8), target, fc.constantFrom('Allow', 'Deny'))
  .map(([index, { kind, name }, defaultAction]) =>
    document(ENVOY_GATEWAY, 'SecurityPolicy', `p${index}`, {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }],
      authorization: { defaultAction },
    }),
  );

const edit: fc.Arbitrary<Edit> = fc
  .tuple(
    fc.constantFrom('write', 'write', 'remove'),
    fc.oneof({ weight: 6, arbitrary: route }, { weight: 2, arbitrary: service }, { weight: 2, arbitrary: policy }),
  )
  .map(([kind, changed]) => ({ kind, document: changed }));

const beginning: fc.Arbitrary<readonly Document[]> = fc
  .tuple(fc.array(route, { minLength: ROUTES, maxLength: ROUTES, size: 'max' }), fc.array(policy, { maxLength: 4 }))
  .map(([routes, policies]) => {
    const services = Array.from({ length: SERVICES }, (_, index) =>
      document('v1', 'Service', `n${index}`, { ports: [{ port: 80 }] }),
    );
    return [...BEGINNING, ...services, ...routes, ...policies];
  });

/** A translation of the same objects that knows of nothing before. */
function afresh({ store }: World): Translation {
  const copy = new ResourceStore();
  for (const object of objectsOf(store)) copy.upsert(object);
  return createTranslator(DEFAULT_SETTINGS)(copy);
}

function snapshotOf({ proxies }: Translation, key: string): XdsSnapshot {
  const proxy = proxies.get(key);
  if (proxy === undefined) throw new Error(`no proxy ${key}`);
  return lower(proxy.xds, SOME_MODULE);
}

/** Holds a client to have just what it is to have. */
function expectAll(client: ObedientClient, wanted: XdsSnapshot): void {
  for (const type of ['listener', 'route', 'virtual-host', 'cluster', 'endpoint'] as const) {
    const versions = [...wanted[type].values()].map(({ name, version }) => `${name} ${version}`);
    expect([...client.has(type)].map(([name, version]) => `${name} ${version}`).sort()).toEqual(versions.sort());
  }
}

describe('many routes', () => {
  it('after any edits are what a translator that saw only the last state makes, and what the proxies have', () => {
    fc.assert(
      fc.property(beginning, fc.array(edit, { minLength: 40, maxLength: 40, size: 'max' }), (documents, edits) => {
        const world = new World(documents);
        const translate = createTranslator(DEFAULT_SETTINGS);
        let last = translate(world.store);
        const clients = ['a/g1', 'a/g2'].map((key) => ({ key, client: new ObedientClient(snapshotOf(last, key)) }));
        for (const [index, change] of edits.entries()) {
          world.apply(change);
          last = translate(world.store);
          for (const { key, client } of clients) client.publish(snapshotOf(last, key));
          if (index % 20 !== 19) continue;
          expectSame(last, afresh(world));
          for (const { key, client } of clients) expectAll(client, snapshotOf(last, key));
        }
      }),
      { seed: 20_260_101, numRuns: 6, endOnFailure: true },
    );
  });
});
