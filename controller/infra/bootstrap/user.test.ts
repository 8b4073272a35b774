import { describe, expect, it } from 'vitest';
import type { ProxyBootstrap } from '#controller/api/gen/types.d.ts';
import { bootstrapBase } from './base.ts';
import { bootstrapProblem, userBootstrap } from './user.ts';

const OURS = bootstrapBase({
  key: 'shop/web',
  adminPort: 19_000,
  xdsCluster: { name: 'xds_cluster', type: 'STATIC', connect_timeout: '1s' },
  sidecarSocket: '/sidecar.sock',
  initialFetchTimeout: '0s',
});

interface Shown {
  readonly static_resources: {
    readonly clusters: readonly { readonly name: string; readonly connect_timeout?: string }[];
  };
}

function whole(bootstrap: ProxyBootstrap): Shown {
  const made = userBootstrap(OURS, bootstrap);
  if (!made.ok) throw new Error(made.refusal.message);
  const shown: Shown = JSON.parse(made.value.text);
  return shown;
}

/** As Envoy Gateway's documentation has users write it: its own names, no sidecar. */
const REPLACING = `
admin: { address: { socket_address: { address: 127.0.0.1, port_value: 20000 } } }
dynamic_resources:
  ads_config: { api_type: DELTA_GRPC, transport_api_version: V3, grpc_services: [{ envoy_grpc: { cluster_name: xds_cluster } }] }
  lds_config: { ads: {}, resource_api_version: V3 }
  cds_config: { ads: {}, resource_api_version: V3 }
static_resources:
  clusters:
    - { name: xds_cluster, type: STRICT_DNS, connect_timeout: 10s }
    - { name: mine, type: STATIC, connect_timeout: 3s }
`;

describe('the bootstrap of a user', () => {
  it('is ours where nobody says anything', () => {
    expect(userBootstrap(OURS, undefined)).toEqual({
      ok: true,
      value: { text: JSON.stringify(OURS), adminPort: 19_000 },
    });
  });

  it('is merged into ours; of two entries with a name, theirs is taken', () => {
    const merged = whole({
      type: 'Merge',
      value: `
stats_flush_interval: 10s
static_resources:
  clusters:
    - { name: mine, type: STATIC }
    - { name: sluice.sidecar, type: STATIC, connect_timeout: 9s }
`,
    });
    expect(merged).toMatchObject({ stats_flush_interval: '10s', node: { id: 'shop/web', cluster: 'shop/web' } });
    const { clusters } = merged.static_resources;
    expect(clusters.map(({ name }) => name).toSorted()).toEqual(['mine', 'sluice.sidecar', 'xds_cluster']);
    expect(clusters.find(({ name }) => name === 'sluice.sidecar')?.connect_timeout).toBe('9s');
  });

  it('takes the place of ours, save what Envoy is of no use without', () => {
    const made = userBootstrap(OURS, { type: 'Replace', value: REPLACING });
    expect(made).toMatchObject({ ok: true, value: { adminPort: 20_000 } });
    const replaced = whole({ type: 'Replace', value: REPLACING });
    expect(replaced).not.toHaveProperty('overload_manager');
    const { clusters } = replaced.static_resources;
    expect(clusters.map(({ name, connect_timeout }) => `${name} ${connect_timeout}`).toSorted()).toEqual([
      'mine 3s',
      'sluice.sidecar 1s',
      'xds_cluster 1s',
    ]);
  });

  it('is ours with patches, by the names of Envoy or those of proto JSON', () => {
    const patched = whole({
      type: 'JSONPatch',
      jsonPatches: [
        { op: 'add', path: '/layered_runtime/layers/0/static_layer/a', value: 1 },
        {
          op: 'replace',
          path: '/overloadManager/resourceMonitors/0/typed_config/max_active_downstream_connections',
          value: 7,
        },
      ],
    });
    expect(patched).toMatchObject({ layered_runtime: { layers: [{ static_layer: { a: 1 } }] } });
    expect(JSON.stringify(patched)).toContain('"max_active_downstream_connections":"7"');
  });

  it.each([
    ['no YAML', { type: 'Merge', value: 'a: [' }, /^spec\.bootstrap\.value: line 1, column \d+: invalid YAML/u],
    [
      'a tab, as seed 003-09 has it',
      { type: 'Replace', value: 'admin:\n\taddress: 1' },
      /^spec\.bootstrap\.value: line 2.*tab/u,
    ],
    ['a field that Envoy has not', { type: 'Merge', value: 'admni: {}' }, /^spec\.bootstrap\.value: .*admni/u],
    [
      'no admin interface',
      { type: 'Replace', value: 'node: { id: a }' },
      /admin\.address\.socket_address must be present/u,
    ],
    [
      'another controller',
      { type: 'Replace', value: REPLACING.replace('cluster_name: xds_cluster', 'cluster_name: mine') },
      /dynamic_resources must not be changed: found cluster "mine", accepted is "xds_cluster"/u,
    ],
    [
      'a patch of what is not there',
      { type: 'JSONPatch', jsonPatches: [{ op: 'remove', path: '/admin/nothing' }] },
      /^spec\.bootstrap\.jsonPatches\[0\]\.path: /u,
    ],
  ] as const satisfies readonly (readonly [string, ProxyBootstrap, RegExp])[])(
    'is refused with %s',
    (_, bootstrap, message) => {
      expect(bootstrapProblem(bootstrap)?.message).toMatch(message);
    },
  );
});
