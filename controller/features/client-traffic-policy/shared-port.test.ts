import { describe, expect, it } from 'vitest';
import type { ClientTrafficPolicy, Gateway, ListenerSet } from '#controller/api/gen/types.d.ts';
import { ResourceStore } from '../../resources/store.ts';
import { policyTable } from '../policy-table.ts';
import { resolveClientTrafficPolicy } from './spec.ts';

const GROUP = 'gateway.networking.k8s.io';
const allowedRoutes = { namespaces: { from: 'Same' } } as const;

const gateway: Gateway = {
  apiVersion: `${GROUP}/v1`,
  kind: 'Gateway',
  metadata: { name: 'g', namespace: 'default', generation: 1 },
  spec: {
    gatewayClassName: 'c',
    allowedListeners: { namespaces: { from: 'Same' } },
    listeners: [{ name: 'http', port: 1, protocol: 'HTTP', allowedRoutes }],
  },
};

/** A set of one listener, with a host name of its own. */
function set(name: string, port: number): ListenerSet {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'ListenerSet',
    metadata: { name, namespace: 'default', generation: 1 },
    spec: {
      parentRef: { group: GROUP, kind: 'Gateway', name: 'g' },
      listeners: [{ name: 'http', port, protocol: 'HTTP', hostname: `${name}.test`, allowedRoutes }],
    },
  };
}

function policy(name: string): ClientTrafficPolicy {
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'ClientTrafficPolicy',
    metadata: { name, namespace: 'default', generation: 1 },
    spec: { targetRefs: [{ group: GROUP, kind: 'ListenerSet', name }] },
  };
}

describe('policies for ListenerSets of one Gateway', () => {
  const MANY = 100;
  let looks = 0;
  /** The same set, which counts how often somebody looks at what it says. */
  const counted = (one: ListenerSet): ListenerSet => {
    const { spec } = one;
    return Object.defineProperty({ ...one }, 'spec', {
      get: () => {
        looks += 1;
        return spec;
      },
    });
  };
  const store = new ResourceStore();
  store.upsert(gateway);
  for (let i = 0; i < MANY; i += 1) {
    store.upsert(counted(set(`s${i}`, 1000 + i)));
    store.upsert(policy(`s${i}`));
  }
  const table = policyTable<ClientTrafficPolicy>('ClientTrafficPolicy', (each, resources) =>
    resolveClientTrafficPolicy(each, resources, { envoyProxy: undefined }),
  );
  /** The policies that are refused, and how often sets were looked at to find them. */
  const found = (): { readonly refused: readonly string[]; readonly looks: number } => {
    looks = 0;
    const { outcomes } = table(store.list('ClientTrafficPolicy'), store);
    const refused = [...outcomes].flatMap(([{ metadata }, { kind }]) => (kind === 'refused' ? [metadata.name] : []));
    return { refused, looks };
  };

  it('look at the sets a few times each, and not once for every policy', () => {
    const { refused, looks: all } = found();
    expect(refused).toEqual([]);
    expect(all).toBeLessThan(10 * MANY);
  });

  it('notice a set that comes to share a port, and one that ceases to, for as little', () => {
    store.upsert(counted(set('s7', 1008)));
    const together = found();
    expect(together.refused).toEqual(['s7', 's8']);
    store.upsert(counted(set('s7', 1007)));
    const apart = found();
    expect(apart.refused).toEqual([]);
    expect(Math.max(together.looks, apart.looks)).toBeLessThan(10 * MANY);
  });

  it('notice that the Gateway takes sets no more', () => {
    store.upsert(counted(set('s7', 1008)));
    expect(found().refused).toEqual(['s7', 's8']);
    const listeners = gateway.spec.listeners;
    store.upsert({ ...gateway, spec: { gatewayClassName: 'c', listeners } });
    expect(found().refused).toEqual([]);
  });
});
