import { describe, expect, it } from 'vitest';
import type { EndpointSlice } from '../api/gen/types.d.ts';
import { DEFAULT_SETTINGS, storeOf } from '../compile.ts';
import { loadOnce } from '../provider/files/load-once.ts';
import { refreshEndpoints } from '../refresh-endpoints.ts';
import type { ObjectStatus } from '../status/object-status.ts';
import { createTranslator, type Translation } from '../translate.ts';

function slice(service: string, addresses: readonly string[]): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': service };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: service, namespace: 'default', generation: 1, labels },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: {} })),
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  };
}

function world() {
  const store = storeOf(loadOnce(['controller/gateway/testdata/available-backends/in.yaml']));
  return { store, translate: createTranslator(DEFAULT_SETTINGS) };
}

function statusOf(translation: Translation, route: string): ObjectStatus | undefined {
  return translation
    .statuses()
    .flat()
    .find(({ object }) => object.kind === 'HTTPRoute' && object.metadata.name === route);
}

/** What a route says of the availability of its back-ends to each parent. */
function told(translation: Translation, route: string): readonly (string | undefined)[] {
  const status = statusOf(translation, route);
  const parents = status?.kind === 'route' ? status.parents : [];
  return parents.map(({ verdicts }) => verdicts.find(({ type }) => type === 'BackendsAvailable')?.message);
}

describe('the availability of back-ends', () => {
  it('is told of a route as long as a Service of it is empty', () => {
    const { store, translate } = world();
    expect(told(translate(store), 'mirror')).toEqual([
      'No endpoint is ready at port 80 of Service default/bare: its share of the traffic is refused',
    ]);
    store.upsert(slice('bare', ['10.0.0.9']));
    expect(told(translate(store), 'mirror')).toEqual([undefined]);
    store.delete('EndpointSlice', 'default', 'bare');
    expect(told(translate(store), 'mirror')).toHaveLength(1);
    expect(told(translate(store), 'mirror')).not.toContain(undefined);
  });

  it('is told to no parent that does not accept the route', () => {
    const { store, translate } = world();
    const [accepting, other] = told(translate(store), 'partly');
    expect(accepting).toContain('Service default/bare, port 80 of Service default/unready:');
    expect(other).toBeUndefined();
  });

  it('is told anew where a Service turns empty or is empty no longer, and endpoints alone go on where neither is so', () => {
    const { store, translate } = world();
    const before = translate(store);
    const refreshed = () => refreshEndpoints(before, new Set(['default/full', 'default/bare']), store);
    store.upsert(slice('full', ['10.0.0.1', '10.0.0.2']));
    expect(refreshed()?.statuses).toBe(before.statuses);
    store.upsert(slice('full', []));
    expect(refreshed()).toBeUndefined();
    expect(told(translate(store), 'well')).not.toContain(undefined);
    store.upsert(slice('full', ['10.0.0.1']));
    store.upsert(slice('bare', ['10.0.0.3']));
    expect(refreshed()).toBeUndefined();
  });

  it('gives the same statuses of routes that it does not concern, and of all while it says the same', () => {
    const { store, translate } = world();
    const before = translate(store);
    const [mirror, well] = [statusOf(before, 'mirror'), statusOf(before, 'well')];
    store.upsert(slice('unready', ['10.0.0.4']));
    const after = translate(store);
    expect(statusOf(after, 'well')).toBe(well);
    expect(statusOf(after, 'mirror')).toBe(mirror);
    expect(told(after, 'partly')[0]).not.toContain('unready');
  });
});
