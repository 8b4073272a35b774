import { describe, expect, it } from 'vitest';
import type { PatchOperationIr, PatchedType, ResourcePatchIr } from '../ir/patch.ts';
import { encode } from './build/message.ts';
import { patchSnapshot, tryPolicies } from './patch.ts';
import { resourceJson } from './resource-json.ts';
import { EMPTY_SNAPSHOT, type XdsSnapshot, xdsResource } from './snapshot.ts';

function snapshot(clusters: readonly string[], connectTimeout = 1n): XdsSnapshot {
  const listener = xdsResource('listener', 'l', encode('envoy.config.listener.v3.Listener', { name: 'l' }));
  const made = clusters.map((name) => {
    const init = { name, connectTimeout: { seconds: connectTimeout, nanos: 0 } };
    return [name, xdsResource('cluster', name, encode('envoy.config.cluster.v3.Cluster', init))] as const;
  });
  return { ...EMPTY_SNAPSHOT, listener: new Map([['l', listener]]), cluster: new Map(made) };
}

function patch(type: PatchedType, name: string, ...operations: readonly PatchOperationIr[]): ResourcePatchIr {
  return { policy: 'n/p', type, name, operations };
}

const set = (path: string, value: string | boolean): PatchOperationIr => ({
  index: 0,
  op: 'add',
  at: { path, jsonPath: undefined },
  value,
});
const whole = (name: string): PatchOperationIr => ({ index: 0, op: 'whole', value: { name } });

function fieldOf(patched: XdsSnapshot, type: PatchedType, name: string, field: string): unknown {
  const resource = patched[type].get(name);
  return resource === undefined ? undefined : resourceJson(type, resource)[field];
}

const guard = patch('listener', 'l', set('/freebind', true));

describe('trying policies', () => {
  it('finds for each what the one before it has done', () => {
    const added = [patch('cluster', 'new', whole('new'))];
    const changed = [patch('cluster', 'new', set('/alt_stat_name', 'x'))];
    expect(tryPolicies(snapshot([]), [added, changed])).toEqual([undefined, undefined]);
    expect(tryPolicies(snapshot([]), [changed, added])).toEqual([
      expect.objectContaining({ reason: 'ResourceNotFound' }),
      undefined,
    ]);
  });

  it('keeps nothing of one that is refused', () => {
    const half = [patch('cluster', 'new', whole('new')), patch('cluster', 'away', set('/alt_stat_name', 'x'))];
    const next = [patch('cluster', 'new', set('/alt_stat_name', 'x'))];
    expect(tryPolicies(snapshot(['c']), [half, next])).toEqual([
      {
        reason: 'ResourceNotFound',
        message: 'spec.jsonPatches[0].name: found "away", which is no cluster of this proxy; accepted are c',
      },
      expect.objectContaining({ reason: 'ResourceNotFound' }),
    ]);
  });
});

describe('a patched snapshot', () => {
  it('has what is patched, and the rest as the same objects', () => {
    const before = snapshot(['a', 'b']);
    const after = patchSnapshot(before, [patch('cluster', 'a', set('/alt_stat_name', 'x'))]);
    expect(fieldOf(after, 'cluster', 'a', 'alt_stat_name')).toBe('x');
    expect(after.cluster.get('b')).toBe(before.cluster.get('b'));
    expect(after.listener).toBe(before.listener);
    expect(fieldOf(before, 'cluster', 'a', 'alt_stat_name')).toBeUndefined();
  });

  it('has the same object for the same resource and policy, and another when either changes', () => {
    const one = patch('cluster', 'a', set('/alt_stat_name', 'x'));
    const first = patchSnapshot(snapshot(['a']), [one]).cluster.get('a');
    expect(patchSnapshot(snapshot(['a']), [one]).cluster.get('a')).toBe(first);
    expect(patchSnapshot(snapshot(['a'], 2n), [one]).cluster.get('a')?.version).not.toBe(first?.version);
    const other = patch('cluster', 'a', set('/alt_stat_name', 'y'));
    expect(patchSnapshot(snapshot(['a']), [other]).cluster.get('a')?.version).not.toBe(first?.version);
  });

  it('keeps what a policy guards while a cluster that it patches is withheld', () => {
    const patches = [patch('cluster', 'rejected', set('/alt_stat_name', 'x')), guard];
    const after = patchSnapshot(snapshot([]), patches);
    expect(after.cluster.size).toBe(0);
    expect(fieldOf(after, 'listener', 'l', 'freebind')).toBe(true);
  });

  it('keeps the other resources of a policy patched when one is not as it was', () => {
    const test: PatchOperationIr = {
      index: 0,
      op: 'test',
      at: { path: '/connect_timeout', jsonPath: undefined },
      value: '1s',
    };
    const patches = [patch('cluster', 'a', test, set('/alt_stat_name', 'x')), guard];
    const after = patchSnapshot(snapshot(['a'], 2n), patches);
    expect(fieldOf(after, 'cluster', 'a', 'alt_stat_name')).toBeUndefined();
    expect(fieldOf(after, 'listener', 'l', 'freebind')).toBe(true);
  });
});
