import { expect, it } from 'vitest';
import { tellWarming } from './warming-events.ts';

const gatewayOf = (name: string, uid: object) => ({
  namespace: 'shop',
  name,
  ...uid,
  labels: {},
  annotations: {},
  addresses: [],
  hostnames: [],
  ports: [],
});

it('the Gateways of a proxy are told of what it warms for too long: some of the names, where there are many', () => {
  const gateways = [gatewayOf('one', { uid: '1' }), gatewayOf('two', { uid: '2' }), gatewayOf('of-a-file', {})];
  const told: unknown[] = [];
  const toldOf = (...clusters: readonly string[]): unknown[] => {
    tellWarming(new Set(clusters), gateways, ({ kind, namespace, name, uid }, reason, message) =>
      told.push([kind, namespace, name, uid, reason, message.replace(/^.*usable: |; until.*$/gu, '')]),
    );
    return told.splice(0);
  };
  expect(toldOf('b', 'a')).toEqual([
    ['Gateway', 'shop', 'one', '1', 'Warming', 'a, b'],
    ['Gateway', 'shop', 'two', '2', 'Warming', 'a, b'],
  ]);
  expect(toldOf('g', 'f', 'e', 'd', 'c', 'b', 'a')[0]).toContain('a, b, c, d, e and 2 more');
});
