import { describe, expect, it } from 'vitest';
import { staticBootstrap } from './static-bootstrap.ts';

const manager = {
  rds: { route_config_name: 'r' },
  http_filters: [{ name: 'policy', config_discovery: {} }, { name: 'router' }],
};
const listener = { name: 'l', filter_chains: [{ filters: [{ typed_config: manager }] }] };
const route = { name: 'r', virtual_hosts: [{ name: 'h' }] };
const cluster = { name: 'c', type: 'EDS', eds_cluster_config: { service_name: 's' } };
const endpoint = { cluster_name: 's', endpoints: [{ priority: 1 }] };

describe('a bootstrap of the same content', () => {
  it('has routes inline and endpoints in their clusters, and asks no server for anything', () => {
    const bootstrap = staticBootstrap({
      listener: [listener],
      route: [route],
      cluster: [cluster],
      endpoint: [endpoint],
    });
    expect(bootstrap['static_resources']).toEqual({
      listeners: [
        {
          name: 'l',
          filter_chains: [{ filters: [{ typed_config: { route_config: route, http_filters: [{ name: 'router' }] } }] }],
        },
      ],
      clusters: [{ name: 'c', type: 'STATIC', load_assignment: endpoint }],
    });
  });

  it('is refused where content is missing: it would not be the same', () => {
    expect(() => staticBootstrap({ listener: [listener], route: [], cluster: [], endpoint: [] })).toThrow('"r"');
    expect(() => staticBootstrap({ listener: [], route: [], cluster: [cluster], endpoint: [] })).toThrow('"c"');
  });
});
