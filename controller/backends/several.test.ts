import { describe, expect, it } from 'vitest';
import type { AddressIr, ClusterIr, ShareIr } from '../ir/cluster.ts';
import { assignment } from '../xds/build/cluster.ts';
import { severalClusters } from './clusters.ts';

const cluster = (name: string, more: Partial<ClusterIr> = {}): ClusterIr => ({
  name: `service/default/${name}/80-12345678`,
  protocol: 'http2',
  source: { kind: 'service', namespace: 'default', name, port: 80 },
  ...more,
});
const part = (one: ClusterIr, weight = 1, fallback = false) => ({ cluster: one, weight, fallback });
const addresses = (...ports: readonly number[]): readonly AddressIr[] =>
  ports.map((port) => ({ kind: 'ip', address: '10.0.0.1', port }));

describe('several back-ends as one', () => {
  it('are one cluster, whose name stands for all of them and their weights', () => {
    const found = [
      severalClusters([part(cluster('a')), part(cluster('b'))]),
      severalClusters([part(cluster('a')), part(cluster('c'))]),
      severalClusters([part(cluster('a'), 2), part(cluster('b'))]),
      severalClusters([part(cluster('a')), part(cluster('b'), 1, true)]),
    ].map((one) => (one.ok ? one.value.name : ''));
    expect(new Set(found).size).toBe(4);
    expect(found.every((name) => name.startsWith('service/default/a/80+1-'))).toBe(true);
  });

  it('are that of the one, where there is one', () => {
    expect(severalClusters([part(cluster('a'), 3)])).toEqual({ ok: true, value: cluster('a') });
  });

  it.each<readonly [string, readonly ClusterIr[], RegExp]>([
    ['none is asked', [], /found none with a weight/u],
    ['one is spoken to in another way', [cluster('a'), cluster('b', { protocol: 'http1' })], /spoken to differently/u],
    [
      'one has host names',
      [cluster('a'), cluster('b', { source: { kind: 'dns', hosts: [] } })],
      /host names beside others/u,
    ],
  ])('are refused where %s', (_, clusters, message) => {
    expect(severalClusters(clusters.map((one) => part(one)))).toMatchObject({
      ok: false,
      refusal: { message: expect.stringMatching(message) },
    });
  });
});

describe('their endpoints', () => {
  const weightsOf = (shares: readonly ShareIr[]) =>
    assignment({ cluster: 'a', addresses: [], shares }).endpoints?.map(({ priority = 0, lbEndpoints = [] }) => [
      priority,
      lbEndpoints.map(({ loadBalancingWeight }) => loadBalancingWeight),
    ]);
  const share = (weight: number, fallback: boolean, ...ports: readonly number[]): ShareIr => ({
    addresses: addresses(...ports),
    weight,
    fallback,
  });

  it('have the share of their back-end, however many they are', () => {
    expect(weightsOf([share(1, false, 1, 2), share(3, false, 3)])).toEqual([[0, [125_000, 125_000, 750_000]]]);
    expect(weightsOf([share(2, false, 1, 2), share(1, false, 3)])).toEqual([[0, [1, 1, 1]]]);
    expect(weightsOf([share(5, false, 1), share(1, false)])).toEqual([[0, [1]]]);
  });

  it('of a fallback come after the others, and first where there are none', () => {
    expect(weightsOf([share(1, false, 1), share(1, true, 2)])).toEqual([
      [0, [1]],
      [1, [1]],
    ]);
    expect(weightsOf([share(1, false), share(1, true, 2)])).toEqual([[0, [1]]]);
    expect(weightsOf([share(1, false)])).toEqual([]);
  });
});
