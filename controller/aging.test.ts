import { expect, it } from 'vitest';
import type { ConfigMap } from '#controller/api/gen/types.d.ts';
import { EXPIRED } from '#test/tls/authority.ts';
import { Aging, type ObjectName } from './aging.ts';
import { manualClock } from './runtime/testing/manual-clock.ts';

const HOUR = 3_600_000;
const [FROM, UNTIL] = [Date.parse('2020-01-01T00:00:00Z'), Date.parse('2021-01-01T00:00:00Z')];

function authorities(name: string, data: ConfigMap['data'] = { 'ca.crt': EXPIRED.certificate }): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'a', name, generation: 1 }, data };
}

it('tells of objects whose time has come, once for each time', () => {
  const clock = manualClock(FROM - 2 * HOUR);
  const told: string[] = [];
  const aging: Aging = new Aging(clock, (objects: readonly ObjectName[]) => {
    told.push(objects.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).join());
    for (const { name } of objects) aging.note(authorities(name));
  });
  for (const name of ['one', 'two', 'gone']) aging.note(authorities(name));
  aging.note(authorities('timeless', { 'ca.crt': 'none' }));
  aging.forget(authorities('gone'));
  aging.settle();
  clock.pass(2 * HOUR - 1);
  expect(told).toEqual([]);
  clock.pass(1);
  expect(told).toEqual(['ConfigMap a/one,ConfigMap a/two']);
  clock.pass(UNTIL - FROM);
  expect(told).toHaveLength(1);
  clock.pass(1);
  expect(told).toEqual(['ConfigMap a/one,ConfigMap a/two', 'ConfigMap a/one,ConfigMap a/two']);
  clock.pass(UNTIL);
  expect(told).toHaveLength(2);
});

it('tells nothing once it is stopped', () => {
  const clock = manualClock(UNTIL);
  const told: unknown[] = [];
  const aging = new Aging(clock, (objects) => told.push(objects));
  aging.note(authorities('one'));
  aging.settle();
  aging.stop();
  clock.pass(HOUR);
  expect(told).toEqual([]);
});
