import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, SOME_MODULE } from '#controller/compile.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { createTranslator, type Translation } from '#controller/translate.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { lower } from '#controller/xds/lower.ts';
import { changes } from '#controller/xds/pieced-resources.ts';
import { type Document, ENVOY_GATEWAY, GATEWAY_API } from './choices.ts';
import { ObedientClient } from './obedient-client.ts';
import { FIRST_PAIR, SECOND_PAIR } from './secret-documents.ts';
import { type Edit, expectSame, objectsOf, World } from './world.ts';

const SETS = 40;
const ROUTES = 150;
const GATEWAY = 'a/g';

function document(apiVersion: string, kind: string, name: string, spec: object): Document {
  return { apiVersion, kind, metadata: { name, namespace: 'a' }, spec };
}

const upTo = (count: number): fc.Arbitrary<number> => fc.nat({ max: count - 1 });

/** Some of one port, some within others, some twice. */
const hostname = fc.oneof(
  { weight: 3, arbitrary: upTo(SETS).map((index) => `*.s${index}.test`) },
  fc.constantFrom('*.test', 'x.s1.test', 's1.test'),
);

const listener: fc.Arbitrary<object> = fc
  .record({
    protocol: fc.constantFrom('HTTPS', 'HTTPS', 'HTTP', 'TLS'),
    hostname,
    secret: fc.constantFrom('pair1', 'pair2', 'missing'),
    port: fc.constantFrom(0, 0, 0, 1),
  })
  .map(({ protocol, hostname: host, secret, port }) => ({
    name: 'only',
    protocol,
    port: (protocol === 'HTTP' ? 8080 : 8443) + port,
    hostname: host,
    ...(protocol === 'HTTP' ? {} : { tls: { certificateRefs: [{ name: secret }] } }),
  }));

const set: fc.Arbitrary<Document> = fc
  .tuple(upTo(SETS), listener)
  .map(([index, only]) =>
    document(GATEWAY_API, 'ListenerSet', `s${index}`, { parentRef: { name: 'g' }, listeners: [only] }),
  );

const parent = fc.oneof(
  { weight: 4, arbitrary: upTo(SETS).map((index) => ({ kind: 'ListenerSet', name: `s${index}` })) },
  { weight: 1, arbitrary: fc.constant({ name: 'g' }) },
);

const route: fc.Arbitrary<Document> = fc
  .record({
    index: upTo(ROUTES),
    parents: fc.uniqueArray(parent, { minLength: 1, maxLength: 2, selector: ({ name }) => name }),
    hosts: fc.uniqueArray(
      upTo(SETS).map((index) => `x.s${index}.test`),
      { maxLength: 2 },
    ),
    path: fc.constantFrom('/', '/a'),
  })
  .map(({ index, parents, hosts, path }) =>
    document(GATEWAY_API, 'HTTPRoute', `r${index}`, {
      parentRefs: parents,
      ...(hosts.length === 0 ? {} : { hostnames: hosts }),
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: path } }],
          filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }],
        },
      ],
    }),
  );

const secret: fc.Arbitrary<Document> = fc
  .tuple(fc.constantFrom('pair1', 'pair2', 'missing'), fc.constantFrom(FIRST_PAIR, SECOND_PAIR))
  .map(([name, stringData]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'a' },
    type: 'kubernetes.io/tls',
    stringData,
  }));

const target = fc.oneof(
  upTo(SETS).map((index) => ({ kind: 'ListenerSet', name: `s${index}` })),
  upTo(ROUTES).map((index) => ({ kind: 'HTTPRoute', name: `r${index}` })),
  fc.constant({ kind: 'Gateway', name: 'g' }),
);

const policy: fc.Arbitrary<Document> = fc
  .tuple(upTo(4), target, fc.constantFrom('SecurityPolicy', 'ClientTrafficPolicy'))
  .filter(([, { kind }, policyKind]) => policyKind === 'SecurityPolicy' || kind !== 'HTTPRoute')
  .map(([index, { kind, name }, policyKind]) =>
    document(ENVOY_GATEWAY, policyKind, `p${index}`, {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }],
      ...(policyKind === 'SecurityPolicy'
        ? { authorization: { defaultAction: 'Deny' } }
        : { timeout: { http: { requestReceivedTimeout: `${index + 1}s` } } }),
    }),
  );

const edit: fc.Arbitrary<Edit> = fc
  .tuple(
    fc.constantFrom('write', 'write', 'write', 'remove'),
    fc.oneof({ weight: 4, arbitrary: route }, { weight: 4, arbitrary: set }, secret, { weight: 2, arbitrary: policy }),
  )
  .map(([kind, changed]) => ({ kind, document: changed }));

const gateway: readonly Document[] = [
  {
    apiVersion: GATEWAY_API,
    kind: 'GatewayClass',
    metadata: { name: 'c' },
    spec: { controllerName: DEFAULT_SETTINGS.controllerName },
  },
  document(GATEWAY_API, 'Gateway', 'g', {
    gatewayClassName: 'c',
    listeners: [{ name: 'http', protocol: 'HTTP', port: 8080 }],
    allowedListeners: { namespaces: { from: 'All' } },
  }),
];

const beginning: fc.Arbitrary<readonly Document[]> = fc
  .tuple(
    fc.array(set, { minLength: SETS, maxLength: SETS, size: 'max' }),
    fc.array(route, { minLength: ROUTES, maxLength: ROUTES, size: 'max' }),
    fc.array(secret, { minLength: 2, maxLength: 2 }),
  )
  .map((parts) => [...gateway, ...parts.flat()]);

/** A translation of the same objects that knows of nothing before. */
function afresh({ store }: World): Translation {
  const copy = new ResourceStore();
  for (const object of objectsOf(store)) copy.upsert(object);
  return createTranslator(DEFAULT_SETTINGS)(copy);
}

describe('many ListenerSets', () => {
  it('after any edits are what a translator that saw only the last state makes, and what the proxy has', () => {
    fc.assert(
      fc.property(beginning, fc.array(edit, { minLength: 60, maxLength: 60, size: 'max' }), (documents, edits) => {
        const world = new World(documents);
        const translate = createTranslator(DEFAULT_SETTINGS);
        const snapshotOf = ({ proxies }: Translation) => {
          const proxy = proxies.get(GATEWAY);
          if (proxy === undefined) throw new Error('no proxy');
          return lower(proxy.xds, SOME_MODULE);
        };
        let last = translate(world.store);
        const client = new ObedientClient(snapshotOf(last));
        for (const [index, change] of edits.entries()) {
          world.apply(change);
          last = translate(world.store);
          const snapshot = snapshotOf(last);
          client.publish(snapshot);
          if (index % 10 !== 9) continue;
          expectSame(last, afresh(world));
          for (const type of ['listener', 'route', 'virtual-host', 'secret'] as const) {
            const versions = [...snapshot[type].values()].map(({ name, version }) => `${name} ${version}`);
            expect([...client.has(type)].map(([name, version]) => `${name} ${version}`).sort()).toEqual(
              versions.sort(),
            );
          }
        }
      }),
      { seed: 20_260_101, numRuns: 8, endOnFailure: true },
    );
  });

  it('are passed over when a route on one of them is edited, save the piece that it is in', () => {
    const many = 300;
    const setOf = (index: number): Document =>
      document(GATEWAY_API, 'ListenerSet', `s${index}`, {
        parentRef: { name: 'g' },
        listeners: [
          {
            name: 'only',
            protocol: 'HTTPS',
            port: 8443,
            hostname: `*.s${index}.test`,
            tls: { certificateRefs: [{ name: 'pair1' }] },
          },
        ],
      });
    const routeOf = (index: number, path: string): Document =>
      document(GATEWAY_API, 'HTTPRoute', `r${index}`, {
        parentRefs: [{ kind: 'ListenerSet', name: `s${index}` }],
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: path } }],
            filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }],
          },
        ],
      });
    const all = Array.from({ length: many }, (_, index) => [setOf(index), routeOf(index, '/')]).flat();
    const pair: Document = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'pair1', namespace: 'a' },
      type: 'kubernetes.io/tls',
      stringData: FIRST_PAIR,
    };
    const world = new World([...gateway, pair, ...all]);
    const translate = createTranslator(DEFAULT_SETTINGS);
    const proxyOf = ({ proxies }: Translation): ProxyIr => {
      const proxy = proxies.get(GATEWAY);
      if (proxy === undefined) throw new Error('no proxy');
      return proxy.xds;
    };
    const before = proxyOf(translate(world.store));
    world.apply({ kind: 'write', document: routeOf(170, '/other') });
    const after = proxyOf(translate(world.store));
    const known = new Set(before.listeners.flatMap(({ chains }) => chains));
    const pieces = after.listeners.flatMap(({ chains }) => chains);
    expect(pieces.flat()).toHaveLength(many + 1);
    expect(pieces.filter((piece) => !known.has(piece))).toHaveLength(1);
    const type = 'virtual-host';
    const changed = changes(lower(before, SOME_MODULE)[type], lower(after, SOME_MODULE)[type]);
    expect([...changed.keys()]).toEqual(['a/g/a/s170/only/*.s170.test']);
  });
});
