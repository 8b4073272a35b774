import type { Backend, HTTPRoute } from '#controller/api/gen/types.d.ts';
import { backendProblem } from './backends/clusters.ts';
import { endpointsOf } from './backends/endpoints.ts';
import { policyResolver, type PolicyTables } from './features/rule-features.ts';
import { gatewayClasses } from './gateway/gateway-classes.ts';
import { type GatewayState, gatewayStates } from './gateway/gateways.ts';
import { routeCore } from './gateway/http-route.ts';
import { clustersOf, secretsOf } from './gateway/references.ts';
import { type Placement, socketsOf } from './gateway/sockets.ts';
import { gatewayStatus, routeStatuses } from './gateway/status.ts';
import { VirtualHosts } from './gateway/virtual-hosts.ts';
import type { AddressIr, ClusterIr } from './ir/cluster.ts';
import type { InfraIr, ProxyIr } from './ir/proxy.ts';
import { policyReports } from './policies/status.ts';
import type { Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import { POLICY_DIGEST_ANNOTATION, type Settings } from './settings.ts';
import type { ObjectStatus } from './status/object-status.ts';

/** What the compiler makes of a state of the world. */
export interface Translation {
  /** By the key of the proxy. */
  readonly proxies: ReadonlyMap<string, TranslatedProxy>;
  readonly statuses: readonly ObjectStatus[];
}

/** One proxy: what it serves and what it needs to run. */
export interface TranslatedProxy {
  readonly xds: ProxyIr;
  readonly infra: InfraIr;
}

/**
 * The pure core: resources in, proxies and statuses out, the same output for the same resources whatever came before. It
 * never waits and never throws on what users write. A translator remembers the parts it made, so that what did not change
 * is not made again.
 */
export function createTranslator(settings: Settings): (resources: Resources) => Translation {
  const policies = policyResolver(settings);
  const coreOf = remembered((route: HTTPRoute, now) => routeCore(route, now, settings));
  const hosts = new VirtualHosts();

  return (resources) => {
    const classes = gatewayClasses(resources, settings);
    const tables = policies.tables(resources);
    const gateways = gatewayStates(classes, resources, (route) => coreOf(route, resources));
    const place = placement(tables, resources);
    const proxies = [...byProxy(gateways)].map(([key, served]) => proxyIr(key, served, place, resources));
    hosts.sweep();
    return {
      proxies: new Map(proxies.map((xds) => [xds.key, { xds, infra: infraIr(xds) }])),
      statuses: [
        ...[...classes.values()].map(({ object, verdicts }) => ({ kind: 'conditions', object, verdicts }) as const),
        ...gateways.map((state) => gatewayStatus(state, settings.bindAddress)),
        ...routeStatuses(gateways.flatMap(({ attached }) => attached.reports)),
        ...policyStatuses(tables, resources),
        ...resources.list('Backend').map(backendStatus),
      ],
    };
  };

  function placement(tables: PolicyTables, resources: Resources): Placement {
    return ({ gateway, attached }, { spec }) =>
      (attached.byListener.get(spec.name) ?? []).flatMap(({ route, core, hostnames }) =>
        core.rules.map((rule) => {
          const place = {
            gateway: { namespace: gateway.metadata.namespace, name: gateway.metadata.name, listener: spec.name },
            route: { namespace: route.metadata.namespace, name: route.metadata.name, rule: rule.name },
          };
          return { route, rule, hostnames, port: spec.port, features: policies.featuresAt(place, tables, resources) };
        }),
      );
  }

  function proxyIr(key: string, gateways: readonly GatewayState[], place: Placement, resources: Resources): ProxyIr {
    const listeners = socketsOf(gateways, settings.bindAddress, place, hosts);
    const clusters = clustersOf(listeners);
    const pinned = gateways.map(({ gateway }) => gateway.metadata.annotations?.[POLICY_DIGEST_ANNOTATION]);
    return {
      key,
      listeners,
      clusters,
      endpoints: assignments(clusters, resources),
      secrets: secretsOf(gateways),
      policyModule: { digest: pinned.find((digest) => digest !== undefined) ?? settings.policyDigest },
    };
  }

  function policyStatuses(tables: PolicyTables, resources: Resources): readonly ObjectStatus[] {
    return [
      ...resources.list('SecurityPolicy').map((object): ObjectStatus => {
        const refused = policies.refusalOf(object, resources);
        return { kind: 'policy', object, ancestors: policyReports(object, tables.security, refused, resources) };
      }),
      ...resources.list('EnvoyExtensionPolicy').map((object): ObjectStatus => {
        const refused = policies.refusalOf(object, resources);
        return { kind: 'policy', object, ancestors: policyReports(object, tables.extension, refused, resources) };
      }),
    ];
  }
}

function byProxy(gateways: readonly GatewayState[]): ReadonlyMap<string, readonly GatewayState[]> {
  const proxies = new Map<string, GatewayState[]>();
  for (const state of gateways) proxies.set(state.proxy, [...(proxies.get(state.proxy) ?? []), state]);
  return proxies;
}

function assignments(clusters: readonly ClusterIr[], resources: Resources): ReadonlyMap<string, readonly AddressIr[]> {
  return new Map(
    clusters.flatMap((cluster): [string, readonly AddressIr[]][] => {
      const addresses = endpointsOf(cluster, resources);
      return addresses === undefined ? [] : [[cluster.name, addresses]];
    }),
  );
}

function infraIr({ key, listeners }: ProxyIr): InfraIr {
  return { key, ports: listeners.map(({ address, port }) => ({ address, port, protocol: 'TCP' })) };
}

function backendStatus(object: Backend): ObjectStatus {
  const problem = backendProblem(object);
  const verdict =
    problem === undefined
      ? ({ type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Backend can be used' } as const)
      : ({ type: 'Accepted', status: 'False', reason: 'Invalid', message: problem } as const);
  return { kind: 'conditions', object, verdicts: [verdict] };
}
