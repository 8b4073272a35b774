import { describe, expect, it, vi } from 'vitest';
import type { Resource } from './api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from './compile.ts';
import { BackendUses } from './gateway/backend-uses.ts';
import { admit } from './provider/admit.ts';
import { ResourceStore } from './resources/store.ts';
import { createTranslator } from './translate.ts';
import { CONTROLLER_NAME } from './settings.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const ENVOY_GATEWAY = 'gateway.envoyproxy.io/v1alpha1';
const THEIRS = 'example.com/another';

function resource(apiVersion: string, kind: string, name: string, spec: object): Resource {
  const admitted = admit({ apiVersion, kind, metadata: { name }, spec });
  if (admitted.kind !== 'resource') throw new Error(JSON.stringify(admitted));
  return admitted.resource;
}

const classOf = (name: string, controllerName: string): Resource =>
  resource(GATEWAY_API, 'GatewayClass', name, { controllerName });
const gateway = (name: string, gatewayClassName: string): Resource =>
  resource(GATEWAY_API, 'Gateway', name, {
    gatewayClassName,
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
  });
const backend = (name: string): Resource =>
  resource(ENVOY_GATEWAY, 'Backend', name, { endpoints: [{ fqdn: { hostname: `${name}.test`, port: 80 } }] });
const refs = (name: string): readonly object[] => [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name, port: 80 }];
const route = (name: string, parents: readonly string[]): Resource =>
  resource(GATEWAY_API, 'HTTPRoute', name, {
    parentRefs: parents.map((parent) => ({ name: parent })),
    rules: [{ backendRefs: refs(`of-${name}`) }],
  });
/** A policy that has a server of its own asked. */
const policy = (of: string): Resource =>
  resource(ENVOY_GATEWAY, 'SecurityPolicy', of, {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: of }],
    extAuth: { http: { backendRefs: refs(`asked-by-${of}`) } },
  });

/** Two Gateways, one route each and one of both, with policies. */
const WORLD = [
  classOf('mine', CONTROLLER_NAME),
  gateway('mine', 'mine'),
  gateway('theirs', 'theirs'),
  ...['of-mine', 'of-theirs', 'of-both', 'asked-by-mine', 'asked-by-theirs', 'unused'].map(backend),
  route('mine', ['mine']),
  route('theirs', ['theirs']),
  route('both', ['mine', 'theirs']),
  policy('mine'),
  policy('theirs'),
];

function told(more: readonly Resource[], settings = DEFAULT_SETTINGS): readonly string[] {
  const store = new ResourceStore();
  for (const object of [...WORLD, ...more]) store.upsert(object);
  const { statuses } = createTranslator(settings)(store);
  return statuses()
    .flat()
    .flatMap(({ object }) => (object.kind === 'Backend' ? [object.metadata.name] : []))
    .toSorted();
}

describe('what is said of Backends', () => {
  it('is said of each where no other controller is', () => {
    expect(told([classOf('theirs', CONTROLLER_NAME)])).toHaveLength(6);
    expect(told([])).toHaveLength(6);
  });

  it('is said beside another controller of those that something of ours uses', () => {
    expect(told([classOf('theirs', THEIRS)])).toEqual(['asked-by-mine', 'of-both', 'of-mine']);
  });

  it('is nothing where Backends are turned off', () => {
    expect(told([], { ...DEFAULT_SETTINGS, backends: false })).toEqual([]);
  });

  it('is made beside another controller of what changed, not of every policy and Backend', () => {
    const store = new ResourceStore();
    const many = Array.from({ length: 200 }, (_, index) => backend(`b${index}`));
    const policies = Array.from({ length: 200 }, (_, index) => route(`r${index}`, ['mine'])).flatMap((one) => [
      one,
      policy(one.metadata.name),
    ]);
    for (const object of [...WORLD, classOf('theirs', THEIRS), ...many, ...policies]) store.upsert(object);
    const translate = createTranslator(DEFAULT_SETTINGS);
    const looked = vi.spyOn(BackendUses.prototype, 'update');
    const before = new Set<unknown>(translate(store).statuses());
    store.upsert(policy('r7'));
    const after = translate(store)
      .statuses()
      .filter((piece) => piece.some(({ object }) => object.kind === 'Backend'));
    const [first, second] = looked.mock.calls.map(([, pieces]) => pieces).filter((pieces) => pieces.length > 0);
    looked.mockRestore();
    expect(second?.length).toBeGreaterThan(2);
    expect(second?.filter((piece) => first?.includes(piece) !== true)).toHaveLength(1);
    expect(after.length).toBeGreaterThan(0);
    expect(after.filter((piece) => !before.has(piece))).toEqual([]);
  });
});
