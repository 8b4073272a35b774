import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from './object-status.ts';

type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' }>;

/** A resource that a proxy rejected and that has not changed since. */
export interface RejectedResource {
  /** "listener", "route", "virtual-host", "cluster", ... */
  readonly type: string;
  readonly name: string;
  /** Envoy's words. */
  readonly message: string;
}

/** What a proxy says of its configuration. */
export interface LiveProxy {
  /** Its key: "<namespace>/<gateway>", or the class whose Gateways are merged. */
  readonly key: string;
  /** Its sockets: the name of the Listener, the port as it is written, the names of the RouteConfigurations. */
  readonly sockets: readonly { readonly name: string; readonly port: number; readonly chains: readonly string[] }[];
  /** Whether it has ever acknowledged a whole configuration. */
  readonly ready: boolean;
  readonly rejected: readonly RejectedResource[];
  /** Routes that were found to be what it rejects, by their names in xDS. */
  readonly rejectedRoutes: readonly { readonly name: string; readonly message: string }[];
}

/**
 * Statuses as they are while proxies work: what a Gateway's proxy has not acknowledged yet or has rejected is not programmed
 * (Gateway API, condition `Programmed`). Pure.
 */
export function liveStatus(statuses: readonly ObjectStatus[], proxies: readonly LiveProxy[]): readonly ObjectStatus[] {
  const routes = proxies.flatMap(({ rejectedRoutes }) => rejectedRoutes);
  const clusters = proxies.flatMap(({ rejected }) => rejected.filter(({ type }) => type === 'cluster'));
  const filters = proxies.flatMap(({ rejected }) => rejected.filter(isUsersFilter));
  return statuses.map((status) => {
    switch (status.kind) {
      case 'gateway':
        return live(status, proxies);
      case 'route':
        return routes.length === 0 ? status : liveRoute(status, routes);
      case 'conditions':
        return clusters.length === 0 ? status : liveBackend(status, clusters);
      case 'policy':
        return filters.length === 0 ? status : livePolicy(status, filters);
      default:
        return status satisfies never;
    }
  });
}

type RouteStatus = Extract<ObjectStatus, { readonly kind: 'route' }>;
type ConditionsStatus = Extract<ObjectStatus, { readonly kind: 'conditions' }>;

/** A route of which a proxy rejected a part keeps that part as it was, and says so to every parent. */
function liveRoute(status: RouteStatus, rejected: LiveProxy['rejectedRoutes']): RouteStatus {
  const { kind, metadata } = status.object;
  const prefix = `${kind.toLowerCase()}/${metadata.namespace}/${metadata.name}/`;
  const mine = rejected.find(({ name }) => name.startsWith(prefix));
  if (mine === undefined) return status;
  const verdict = no('Rejected', `The proxy rejected ${mine.name}, which stays as it was: ${mine.message}`);
  return { ...status, parents: status.parents.map(({ ref, verdicts }) => ({ ref, verdicts: [...verdicts, verdict] })) };
}

/** A Backend whose cluster a proxy rejected is not used; routes to it stay as they were. */
function liveBackend(status: ConditionsStatus, rejected: readonly RejectedResource[]): ConditionsStatus {
  if (status.object.kind !== 'Backend') return status;
  const { namespace, name } = status.object.metadata;
  const mine = rejected.find((cluster) => cluster.name.startsWith(`backend/${namespace}/${name}-`));
  if (mine === undefined) return status;
  const verdict = no('Rejected', `The proxy rejected cluster ${mine.name}: ${mine.message}`);
  return { ...status, verdicts: [...status.verdicts, verdict] };
}

type PolicyStatus = Extract<ObjectStatus, { readonly kind: 'policy' }>;

/** What users' filters are called in xDS: this, "<namespace>/<policy>" and a number (`features/wasm/xds.ts`). */
const USERS_FILTER = 'sluice.wasm/';

function isUsersFilter({ type, name }: RejectedResource): boolean {
  return type === 'extension-config' && name.startsWith(USERS_FILTER);
}

/** A policy whose filter a proxy rejected runs an earlier version of it, or none. */
function livePolicy(status: PolicyStatus, rejected: readonly RejectedResource[]): PolicyStatus {
  const { kind, metadata } = status.object;
  if (kind !== 'EnvoyExtensionPolicy') return status;
  const mine = rejected.find(({ name }) => name.startsWith(`${USERS_FILTER}${metadata.namespace}/${metadata.name}/`));
  if (mine === undefined) return status;
  const verdict = no('Rejected', `The proxy rejected filter ${mine.name}, which stays as it was: ${mine.message}`);
  const ancestors = status.ancestors.map((ancestor) => ({ ...ancestor, verdicts: [...ancestor.verdicts, verdict] }));
  return { ...status, ancestors };
}

function live(status: GatewayStatus, proxies: readonly LiveProxy[]): GatewayStatus {
  const { metadata, spec } = status.object;
  const key = `${metadata.namespace}/${metadata.name}`;
  const proxy =
    proxies.find((candidate) => candidate.key === key) ??
    proxies.find((candidate) => candidate.key === spec.gatewayClassName);
  if (proxy === undefined) return status;
  if (!proxy.ready && proxy.rejected.length === 0) {
    const pending = no('Pending', 'The proxy has not acknowledged its configuration yet');
    return withProgrammed(status, pending, () => pending);
  }
  const concerns = (rejected: RejectedResource, listener: string, port: number | undefined): boolean =>
    proxy.sockets.some(
      ({ name, port: socketPort, chains }) =>
        socketPort === port &&
        ((rejected.type === 'listener' && rejected.name === name) ||
          concernsChain(routesOf(rejected), chains, `${key}/${listener}`)),
    );
  const ofListener = ({ name }: ListenerReport): readonly RejectedResource[] => {
    const port = spec.listeners.find((listener) => listener.name === name)?.port;
    return proxy.rejected.filter((rejected) => concerns(rejected, name, port));
  };
  const others = proxy.rejected.filter(
    (rejected) => rejected.type !== 'listener' && routesOf(rejected) === undefined && !isUsersFilter(rejected),
  );
  const own = [...new Set([...status.listeners.flatMap(ofListener), ...others])];
  if (own.length === 0) return status;
  return withProgrammed(status, no('Invalid', own.map(describe).join('; ')), (report) => {
    const rejected = ofListener(report);
    return rejected.length === 0 ? undefined : no('Invalid', rejected.map(describe).join('; '));
  });
}

/** The RouteConfiguration that a rejected resource is, or belongs to. */
function routesOf({ type, name }: RejectedResource): string | undefined {
  if (type === 'virtual-host') return name.slice(0, name.lastIndexOf('/'));
  return type === 'route' ? name : undefined;
}

/** On plaintext all listeners of a socket share one RouteConfiguration, with TLS each has its own. */
function concernsChain(routes: string | undefined, chains: readonly string[], own: string): boolean {
  return routes !== undefined && chains.includes(routes) && (chains.length === 1 || routes === own);
}

function withProgrammed(
  status: GatewayStatus,
  gateway: Verdict,
  listener: (report: ListenerReport) => Verdict | undefined,
): GatewayStatus {
  return {
    ...status,
    verdicts: status.verdicts.map((verdict) => (isProgrammed(verdict) ? gateway : verdict)),
    listeners: status.listeners.map((report) => {
      const instead = listener(report);
      if (instead === undefined) return report;
      return { ...report, verdicts: report.verdicts.map((verdict) => (isProgrammed(verdict) ? instead : verdict)) };
    }),
  };
}

/** What is not programmed for another reason keeps that reason. */
function isProgrammed({ type, status }: Verdict): boolean {
  return type === 'Programmed' && status === 'True';
}

function describe({ type, name, message }: RejectedResource): string {
  return `the proxy rejected ${type} ${name}: ${message}`;
}

function no(reason: string, message: string): Verdict {
  return { type: 'Programmed', status: 'False', reason, message };
}
