import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Resource } from './api/gen/types.d.ts';
import { DEFAULT_SETTINGS, storeOf } from './compile.ts';
import { loadOnce } from './provider/files/load-once.ts';
import { refreshEndpoints, servicesOfBatch } from './refresh-endpoints.ts';
import { ResourceStore } from './resources/store.ts';
import { createTranslator } from './translate.ts';

function slice(name: string, service: string, address: string): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': service };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', generation: 1, labels },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: {} }],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  };
}

const source = { kind: 'cluster' } as const;

describe('a change of endpoints alone', () => {
  it('is known by the Services it concerns, the old one of a slice included', () => {
    const before = new Map<string, Resource>([['k', slice('s', 'old', '10.0.0.1')]]);
    const batch = [{ kind: 'upsert', key: 'k', resource: slice('s', 'new', '10.0.0.1'), source }] as const;
    expect(servicesOfBatch(batch, before)).toEqual(new Set(['default/old', 'default/new']));
    expect(servicesOfBatch([{ kind: 'delete', key: 'k' }], before)).toEqual(new Set(['default/old']));
  });

  it('is none when anything else is in the batch', () => {
    const good = slice('s', 'web', '10.0.0.1');
    const batch = [{ kind: 'upsert', key: 'k', resource: good, source }, { kind: 'synced' }] as const;
    expect(servicesOfBatch(batch, new Map())).toBeUndefined();
  });

  it('gives what a whole translation gives, and leaves everything else as it is', () => {
    const store = storeOf(loadOnce(['controller/gateway/testdata/services/in.yaml']));
    const before = createTranslator(DEFAULT_SETTINGS)(store);
    store.upsert(slice('web-2', 'web', '10.0.0.9'));
    const refreshed = refreshEndpoints(before, new Set(['default/web']), store)?.proxies.get('default/shop');
    const whole = createTranslator(DEFAULT_SETTINGS)(store).proxies.get('default/shop');
    expect(refreshed?.xds.endpoints).toEqual(whole?.xds.endpoints);
    expect(refreshed?.xds.endpoints).not.toEqual(before.proxies.get('default/shop')?.xds.endpoints);
    expect(refreshed?.xds.listeners).toBe(before.proxies.get('default/shop')?.xds.listeners);
  });

  it('of a Service that no route uses changes no proxy', () => {
    const store = new ResourceStore();
    const before = createTranslator(DEFAULT_SETTINGS)(store);
    expect(refreshEndpoints(before, new Set(['default/other']), store)?.proxies).toEqual(before.proxies);
  });
});
