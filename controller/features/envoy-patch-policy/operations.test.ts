import { describe, expect, it } from 'vitest';
import type { EnvoyPatchPolicy, JSONPatchOperation } from '#controller/api/gen/types.d.ts';
import { readPatches } from './operations.ts';

const CLUSTER = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const ENDPOINTS = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';

type Type = typeof CLUSTER | typeof ENDPOINTS;

function policy(...patches: readonly (readonly [Type, string, JSONPatchOperation])[]): EnvoyPatchPolicy {
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyPatchPolicy',
    metadata: { name: 'p', namespace: 'n', generation: 1 },
    spec: {
      type: 'JSONPatch',
      priority: 0,
      targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'g' },
      jsonPatches: patches.map(([type, name, operation]) => ({ type, name, operation })),
    },
  };
}

function problem(operation: JSONPatchOperation): string {
  const read = readPatches(policy([CLUSTER, 'c', operation]));
  return read.ok ? '' : read.refusal.message;
}

describe('the patches of a policy', () => {
  it('are gathered by resource, in order', () => {
    const read = readPatches(
      policy(
        [CLUSTER, 'a', { op: 'remove', path: '/x' }],
        [CLUSTER, 'b', { op: 'remove', path: '/x' }],
        [CLUSTER, 'a', { op: 'remove', path: '/y' }],
        [ENDPOINTS, 'a', { op: 'remove', path: '/z' }],
      ),
    );
    const seen =
      read.ok && read.value.map(({ type, name, operations }) => [type, name, operations.map((o) => o.index)]);
    expect(seen).toEqual([
      ['cluster', 'a', [0, 2]],
      ['cluster', 'b', [1]],
      ['endpoint', 'a', [3]],
    ]);
  });

  it.each([undefined, '', '/'])('add a whole resource with path %j, called as it calls itself', (path) => {
    const at = path === undefined ? {} : { path };
    const read = readPatches(
      policy(
        [CLUSTER, 'any', { op: 'add', ...at, value: { name: 'own' } }],
        [ENDPOINTS, 'any', { op: 'add', ...at, value: { cluster_name: 'own' } }],
      ),
    );
    expect(read.ok && read.value.map(({ name, operations }) => [name, operations[0]?.op])).toEqual([
      ['own', 'whole'],
      ['own', 'whole'],
    ]);
  });

  it.each<[JSONPatchOperation, RegExp]>([
    [{ op: 'add', path: '/x' }, /spec\.jsonPatches\[0\]\.operation\.value: must be present with op add/u],
    [{ op: 'replace', path: '/x' }, /value: must be present with op replace/u],
    [{ op: 'test', path: '/x' }, /value: must be present with op test/u],
    [{ op: 'remove', path: '/x', value: 1 }, /value: must not be present with op remove/u],
    [{ op: 'move', path: '/x' }, /from: must be present with op move/u],
    [{ op: 'copy', path: '/x', from: '/y', value: 1 }, /value: must not be present with op copy/u],
    [{ op: 'add', path: '/x', from: '/y', value: 1 }, /from: must not be present with op add/u],
    [{ op: 'remove' }, /path: must be present unless jsonPath is/u],
    [{ op: 'remove', path: '' }, /path: found "", the whole resource; remove needs a place inside it/u],
    [{ op: 'add', path: 'x', value: 1 }, /path: found "x", accepted is a JSON pointer/u],
    [{ op: 'move', path: '/x', from: 'y' }, /from: found "y", accepted is a JSON pointer/u],
  ])('refuse %j', (operation, expected) => {
    expect(problem(operation)).toMatch(expected);
  });
});
