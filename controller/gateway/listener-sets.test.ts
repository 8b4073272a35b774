import { describe, expect, it } from 'vitest';
import type { ListenerSet } from '#controller/api/gen/types.d.ts';
import { ResourceStore } from '../resources/store.ts';
import { createListenerSetIndex } from './listener-sets.ts';

function set(name: string, gateway: string, port = 80, creationTimestamp?: string): ListenerSet {
  const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: gateway };
  const allowedRoutes = { namespaces: { from: 'Same' } } as const;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ListenerSet',
    metadata: {
      name,
      namespace: 'default',
      generation: 1,
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { parentRef, listeners: [{ name: 'http', protocol: 'HTTP', port, allowedRoutes }] },
  };
}

function names(sets: readonly ListenerSet[]): readonly string[] {
  return sets.map(({ metadata }) => metadata.name);
}

describe('the ListenerSets of Gateways', () => {
  it('come by age, then by name', () => {
    const store = new ResourceStore();
    store.upsert(set('b', 'g', 80, '2026-01-01T00:00:00Z'));
    store.upsert(set('c', 'g', 80, '2026-01-01T00:00:00Z'));
    store.upsert(set('a', 'g', 80, '2026-01-02T00:00:00Z'));
    store.upsert(set('other', 'h'));
    const index = createListenerSetIndex()(store);
    expect(names(index.of('default/g'))).toEqual(['b', 'c', 'a']);
    expect(names(index.of('default/h'))).toEqual(['other']);
    expect(index.of('default/nobody')).toEqual([]);
  });

  it('are the same list as long as none of them changes', () => {
    const store = new ResourceStore();
    for (const name of ['a', 'b']) store.upsert(set(name, 'g'));
    const indexOf = createListenerSetIndex();
    const before = indexOf(store);
    store.upsert(set('other', 'h'));
    const after = indexOf(store);
    expect(after.of('default/g')).toBe(before.of('default/g'));
    expect(after.gateways).not.toBe(before.gateways);
  });

  it('name the same Gateways while only their listeners change', () => {
    const store = new ResourceStore();
    store.upsert(set('a', 'g'));
    const indexOf = createListenerSetIndex();
    const before = indexOf(store);
    store.upsert(set('a', 'g', 81));
    expect(indexOf(store).gateways).toBe(before.gateways);
    expect(indexOf(store).of('default/g')).not.toBe(before.of('default/g'));
  });
});
