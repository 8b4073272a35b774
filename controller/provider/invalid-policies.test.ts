import { describe, expect, it } from 'vitest';
import { ResourceStore } from '../resources/store.ts';
import { loadOnce } from './files/load-once.ts';
import { readClosedObjects } from './closed-objects.ts';
import { readInvalidPolicies } from './invalid-policies.ts';

const API = 'gateway.envoyproxy.io/v1alpha1';

const policy = (target: string, apiVersion = API, kind = 'SecurityPolicy') => ({
  apiVersion,
  kind,
  metadata: { name: 'auth' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: target }],
    authorization: { defaultAction: 'Deny' },
  },
});

const route = (path: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'r' },
  spec: { parentRefs: [{ name: 'shop' }], rules: [{ matches: [{ path: { type: 'PathPrefix', value: path } }] }] },
});

/** What files with these documents come to. */
function storeOf(...documents: readonly object[]): ResourceStore {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  const loaded = loadOnce(['-'], { stdin: Buffer.from(text) });
  const store = new ResourceStore();
  for (const { resource } of loaded.resources.values()) store.upsert(resource);
  store.setInvalidPolicies(readInvalidPolicies(loaded.problems));
  store.setClosed(readClosedObjects(loaded.problems));
  return store;
}

const closedBy = (...documents: readonly object[]) =>
  storeOf(...documents)
    .invalidPolicies()
    .flatMap(({ targets }) => targets.map(({ name }) => name));

describe('a slip of the pen in what a policy is', () => {
  it.each([
    ['its group', 'gateway.networking.k8s.io/v1', 'SecurityPolicy'],
    ['a group of nobody', 'gateway.envoyproxy.com/v1alpha1', 'SecurityPolicy'],
    ['its version', 'gateway.envoyproxy.io/v1alpha2', 'SecurityPolicy'],
    ['the form of its version', 'gateway.envoyproxy.io/v1/alpha1', 'SecurityPolicy'],
    ['its kind', API, 'SecurityPolcy'],
    ['the case of its kind', API, 'securitypolicy'],
  ])('closes what it targets: %s', (_, apiVersion, kind) => {
    expect(closedBy(policy('x', apiVersion, kind))).toEqual(['x']);
  });

  it('closes nothing where somebody else’s kind is meant', () => {
    expect(closedBy({ ...policy('x', 'nsx.vmware.com/v1alpha1'), spec: { appliedTo: [] } })).toEqual([]);
    expect(closedBy(policy('x', API, 'NetworkFilter'))).toEqual([]);
  });
});

describe('a name that is taken', () => {
  it('closes what the second policy targets and the first does not', () => {
    expect(closedBy(policy('x'), policy('y'))).toEqual(['y']);
    expect(closedBy(policy('x'), policy('x'))).toEqual([]);
  });

  it('closes what the second route is for', () => {
    expect(storeOf(route('/a'), route('/b')).closed('HTTPRoute')).toMatchObject([
      { metadata: { name: 'r.2' }, spec: { rules: [{ matches: [{ path: { value: '/b' } }] }] } },
    ]);
    expect(storeOf(route('/a')).closed('HTTPRoute')).toEqual([]);
  });

  it('is told of a route by a misspelt kind, too', () => {
    expect(storeOf({ ...route('/b'), kind: 'HTTPRout' }).closed('HTTPRoute')).toHaveLength(1);
  });
});
