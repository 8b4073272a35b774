import type { Gateway, HTTPRoute } from '#controller/api/gen/types.d.ts';
import { backendProblem } from './backends/clusters.ts';
import { endpointsOf } from './backends/endpoints.ts';
import { policyResolver, type PolicyTables } from './features/rule-features.ts';
import { type AttachedRoute, attachRoutes, type AttachedRoutes } from './gateway/attach-routes.ts';
import { namesGateway } from './gateway/attachment.ts';
import { type ClassState, gatewayClasses } from './gateway/gateway-classes.ts';
import { routeCore } from './gateway/http-route.ts';
import { type ListenerState, listenerStates } from './gateway/listeners.ts';
import { type PlacedRule, VirtualHosts } from './gateway/virtual-hosts.ts';
import type { AddressIr, ClusterIr } from './ir/cluster.ts';
import type { ListenerIr } from './ir/listener.ts';
import type { InfraIr, ProxyIr } from './ir/proxy.ts';
import { policyReports } from './policies/status.ts';
import { compare, type Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import { POLICY_DIGEST_ANNOTATION, type Settings } from './settings.ts';
import { gatewayStatus, routeStatuses } from './gateway/status.ts';
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
    const gateways = acceptedGateways(classes, resources).map((gateway) => {
      const listeners = listenerStates(gateway);
      const candidates = resources.list('HTTPRoute').filter((route) => names(route, gateway));
      const attached = attachRoutes(gateway, listeners, candidates, (route) => coreOf(route, resources), resources);
      const place = placement(gateway, tables, resources);
      return { gateway, listeners, attached, xds: proxyIr(gateway, listeners, attached, place, resources) };
    });
    hosts.sweep();
    return {
      proxies: new Map(gateways.map(({ xds }) => [xds.key, { xds, infra: infraIr(xds) }])),
      statuses: [
        ...[...classes.values()].map(({ object, verdicts }) => ({ kind: 'conditions', object, verdicts }) as const),
        ...gateways.map(({ gateway, listeners, attached, xds }) => gatewayStatus(gateway, listeners, attached, xds)),
        ...routeStatuses(gateways.flatMap(({ attached }) => attached.reports)),
        ...policyStatuses(tables, resources),
        ...resources.list('Backend').map(backendStatus),
      ],
    };
  };

  type Placement = (attached: AttachedRoute, listener: ListenerState) => readonly PlacedRule[];

  function placement({ metadata }: Gateway, tables: PolicyTables, resources: Resources): Placement {
    return ({ route, core, hostnames }, { spec }) =>
      core.rules.map((rule) => {
        const place = {
          gateway: { namespace: metadata.namespace, name: metadata.name, listener: spec.name },
          route: { namespace: route.metadata.namespace, name: route.metadata.name, rule: rule.name },
        };
        return { route, rule, hostnames, port: spec.port, features: policies.featuresAt(place, tables, resources) };
      });
  }

  function proxyIr(
    gateway: Gateway,
    listeners: readonly ListenerState[],
    attached: AttachedRoutes,
    place: Placement,
    resources: Resources,
  ): ProxyIr {
    const { namespace, name, annotations } = gateway.metadata;
    const key = `${namespace}/${name}`;
    const sockets = byPort(listeners.filter(({ usable }) => usable)).map((group): ListenerIr => {
      const [first] = group;
      const listener = `${key}/${first.spec.name}`;
      const rules = group.flatMap((state) =>
        (attached.byListener.get(state.spec.name) ?? []).flatMap((route) => place(route, state)),
      );
      const hostnames = group.map(({ spec }) => spec.hostname?.toLowerCase() ?? '*');
      return {
        name: listener,
        address: gateway.spec.addresses?.[0]?.value ?? settings.bindAddress,
        port: first.spec.port,
        virtualHosts: hosts.build(listener, hostnames, rules),
      };
    });
    const clusters = clustersOf(sockets);
    return {
      key,
      listeners: sockets,
      clusters,
      endpoints: assignments(clusters, resources),
      policyModule: { digest: annotations?.[POLICY_DIGEST_ANNOTATION] ?? settings.policyDigest },
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

function acceptedGateways(classes: ReadonlyMap<string, ClassState>, resources: Resources): readonly Gateway[] {
  return resources.list('Gateway').filter(({ spec }) => classes.get(spec.gatewayClassName)?.accepted === true);
}

function names(route: HTTPRoute, gateway: Gateway): boolean {
  return (route.spec.parentRefs ?? []).some((ref) => namesGateway(ref, route, gateway));
}

type NonEmpty<T> = readonly [T, ...T[]];

/** Listeners that share a port share a socket; it is called after the first of them. */
function byPort(listeners: readonly ListenerState[]): readonly NonEmpty<ListenerState>[] {
  const groups = new Map<number, [ListenerState, ...ListenerState[]]>();
  for (const listener of listeners) {
    const group = groups.get(listener.spec.port);
    if (group === undefined) groups.set(listener.spec.port, [listener]);
    else group.push(listener);
  }
  return [...groups.values()];
}

function clustersOf(listeners: readonly ListenerIr[]): readonly ClusterIr[] {
  const clusters = new Map<string, ClusterIr>();
  for (const { virtualHosts } of listeners) {
    for (const { routes } of virtualHosts) {
      for (const { action, features } of routes) {
        for (const { cluster } of features.extProc ?? []) clusters.set(cluster.name, cluster);
        if (action.kind !== 'forward') continue;
        for (const to of action.destinations) if (to.kind === 'cluster') clusters.set(to.cluster.name, to.cluster);
      }
    }
  }
  return [...clusters.values()].sort((a, b) => compare(a.name, b.name));
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

function backendStatus(object: Parameters<typeof backendProblem>[0]): ObjectStatus {
  const problem = backendProblem(object);
  const verdict =
    problem === undefined
      ? ({ type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Backend can be used' } as const)
      : ({ type: 'Accepted', status: 'False', reason: 'Invalid', message: problem } as const);
  return { kind: 'conditions', object, verdicts: [verdict] };
}
