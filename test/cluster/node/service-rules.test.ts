import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Service } from './kinds.ts';
import { serviceRules } from './service-rules.ts';

const service: Service = {
  metadata: { name: 'web', namespace: 'shop', uid: 's' },
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30_080 }] },
};

function slice(addresses: readonly (readonly [string, boolean])[]): EndpointSlice {
  return {
    metadata: { name: 'web-1', namespace: 'shop', uid: 'e', labels: { 'kubernetes.io/service-name': 'web' } },
    endpoints: addresses.map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
    ports: [{ name: 'http', port: 3_000, protocol: 'TCP' }],
  };
}

function rulesOf(slices: readonly EndpointSlice[], of = service): readonly string[] {
  const text = serviceRules([of], slices, () => ['10.96.0.7', '10.245.0.1']);
  return text.split('\n').filter((line) => line.includes('dnat to'));
}

describe('the rules of a Service', () => {
  it('lead from each of its addresses, and from its node port, to an endpoint', () => {
    expect(rulesOf([slice([['10.244.1.2', true]])]).map((line) => line.trim())).toEqual([
      'ip daddr 10.96.0.7 tcp dport 80 dnat to 10.244.1.2:3000',
      'ip daddr 10.245.0.1 tcp dport 80 dnat to 10.244.1.2:3000',
      'ip daddr 10.244.0.1 tcp dport 30080 dnat to 10.244.1.2:3000',
    ]);
  });

  it('give each of several endpoints its share', () => {
    const rules = rulesOf([
      slice([
        ['10.244.1.2', true],
        ['10.244.1.3', true],
      ]),
    ]);
    expect(rules.slice(0, 2).map((line) => line.trim())).toEqual([
      'ip daddr 10.96.0.7 tcp dport 80 numgen random mod 2 0 dnat to 10.244.1.2:3000',
      'ip daddr 10.96.0.7 tcp dport 80 dnat to 10.244.1.3:3000',
    ]);
  });

  it('lead a client to the same endpoint each time where the Service says so', () => {
    const both: readonly (readonly [string, boolean])[] = [
      ['10.244.1.2', true],
      ['10.244.1.3', true],
    ];
    const [first = ''] = rulesOf([slice(both)], {
      ...service,
      spec: { ...service.spec, sessionAffinity: 'ClientIP' },
    });
    expect(first.trim()).toBe(
      'ip daddr 10.96.0.7 tcp dport 80 jhash ip saddr mod 2 seed 0x1 0 dnat to 10.244.1.2:3000',
    );
  });

  it('leave out endpoints that are not ready, and are none where the lists are null', () => {
    expect(rulesOf([slice([['10.244.1.2', false]])])).toEqual([]);
    expect(rulesOf([{ ...slice([]), endpoints: null, ports: null }])).toEqual([]);
  });
});
