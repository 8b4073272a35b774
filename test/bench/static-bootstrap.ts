import { isJsonObject, type JsonObject, type JsonValue, mapObjects, objectsOf } from './json.ts';
import type { Translated } from './translated.ts';

/**
 * The bootstrap of an Envoy that has the same content in one file: routes inline, endpoints inside their clusters
 * (`envoy.config.bootstrap.v3.Bootstrap`). HTTP filters whose configuration would come over ECDS are left out: they need an
 * ADS server, and no route of the benchmark turns one on.
 */
export function staticBootstrap({ listener, route, cluster, endpoint }: Translated): JsonObject {
  const routes = new Map(route.map((config) => [config['name'], config]));
  const assignments = new Map(endpoint.map((assignment) => [assignment['cluster_name'], assignment]));
  return {
    node: { id: 'bench', cluster: 'bench' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    static_resources: {
      listeners: mapObjects([...listener], (object) => withRoutesInline(object, routes)),
      clusters: cluster.map((each) => withEndpointsInline(each, assignments)),
    },
  };
}

type ByName = ReadonlyMap<JsonValue | undefined, JsonObject>;

function withRoutesInline(object: JsonObject, routes: ByName): JsonObject {
  if (!isJsonObject(object['rds'])) return object;
  const { rds, http_filters: filters, ...rest } = object;
  const name = rds['route_config_name'];
  const config = routes.get(name);
  if (config === undefined) throw new Error(`no RouteConfiguration ${JSON.stringify(name)}`);
  return {
    ...rest,
    route_config: config,
    http_filters: objectsOf(filters).filter((filter) => filter['config_discovery'] === undefined),
  };
}

function withEndpointsInline(cluster: JsonObject, assignments: ByName): JsonObject {
  if (cluster['type'] !== 'EDS') return cluster;
  const { eds_cluster_config: eds, ...rest } = cluster;
  const service = isJsonObject(eds) ? eds['service_name'] : undefined;
  const assignment = assignments.get(service ?? cluster['name']);
  if (assignment === undefined) throw new Error(`no endpoints of cluster ${JSON.stringify(cluster['name'])}`);
  return { ...rest, type: 'STATIC', load_assignment: assignment };
}
