import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from './object-status.ts';

/** What has listeners. */
type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' | 'listener-set' }>;

/** A resource that a proxy rejected and that has not changed since. */
export interface RejectedResource {
  /** "listener", "route", "virtual-host", "cluster", ... */
  readonly type: string;
  readonly name: string;
  /** Envoy's words. */
  readonly message: string;
  /** The EnvoyPatchPolicies ("<namespace>/<name>") that patch it. */
  readonly policies: readonly string[];
  /** What is served in place of it; where nothing is said, what was served before. */
  readonly instead?: 'earlier patches' | 'error';
}

/** A route that stays as it was, under the policies of now, because the proxy rejected it or what it leads to or asks. */
export interface HeldRoute {
  /** Its name in xDS. */
  readonly name: string;
  /** What was rejected: "cluster c", "virtual-host h"; absent for the route itself. */
  readonly because?: string;
  /** It answers 500 instead. */
  readonly isClosed?: true;
  /** Envoy's words. */
  readonly message: string;
}

/** What a proxy says of its configuration. */
export interface LiveProxy {
  /** Its key: "<namespace>/<gateway>", or the class whose Gateways are merged. */
  readonly key: string;
  readonly sockets: readonly LiveSocket[];
  /** Whether it has ever acknowledged a whole configuration. */
  readonly ready: boolean;
  readonly rejected: readonly RejectedResource[];
  readonly rejectedRoutes: readonly HeldRoute[];
  /** The digest of the policy module that it is to run, where nobody has that, and it has no earlier one. */
  readonly missingModule?: string | undefined;
  /** Where it is reached and how much of it runs; `undefined` where the sockets that it binds are all there is to know. */
  readonly deployed: LiveDeployment | undefined;
}

/** What a proxy is outside of itself. */
export interface LiveDeployment {
  readonly addresses: readonly { readonly type: 'IPAddress' | 'Hostname'; readonly value: string }[];
  /** Addresses that Gateways ask for and that its load balancer has not given. */
  readonly unusable?: readonly string[];
  readonly replicas: { readonly available: number; readonly wanted: number };
  /** Why it is not what it is to be, for people; `undefined` where it is. */
  readonly problem: string | undefined;
}

/** A socket of a proxy. */
export interface LiveSocket {
  /** The name of the Listener in xDS. */
  readonly name: string;
  readonly transport: 'TCP' | 'UDP';
  /** The port as it is written. */
  readonly port: number;
  /** The names of the RouteConfigurations, and those of the Secrets that TLS is terminated with. */
  readonly chains: readonly { readonly name: string; readonly certificates: readonly string[] }[];
}

/**
 * Statuses as they are while proxies work: what a Gateway's proxy has not acknowledged yet or has rejected is not programmed
 * (Gateway API, condition `Programmed`). Pure.
 */
export function liveStatus(statuses: readonly ObjectStatus[], proxies: readonly LiveProxy[]): readonly ObjectStatus[] {
  const routes = proxies.flatMap(({ rejectedRoutes }) => rejectedRoutes);
  const rejected = proxies.flatMap((proxy) => proxy.rejected);
  const clusters = rejected.filter(({ type }) => type === 'cluster' || type === 'endpoint');
  const patched = rejected.filter(({ policies }) => policies.length > 0);
  const filters = rejected.filter(isUsersFilter);
  return statuses.map((status) => {
    switch (status.kind) {
      case 'gateway':
      case 'listener-set':
        return live(status, proxies);
      case 'class':
        return status;
      case 'route':
        return routes.length === 0 ? status : liveRoute(status, routes);
      case 'conditions':
        return clusters.length === 0 ? status : liveBackend(status, clusters);
      case 'policy':
        return rejected.length === 0 ? status : livePolicy(status, filters, patched);
      default:
        return status satisfies never;
    }
  });
}

type RouteStatus = Extract<ObjectStatus, { readonly kind: 'route' }>;
type PolicyStatus = Extract<ObjectStatus, { readonly kind: 'policy' }>;
type ConditionsStatus = Extract<ObjectStatus, { readonly kind: 'conditions' }>;

/** A route of which a proxy rejected a part keeps that part as it was, or answers 500 there, and says so to every parent. */
function liveRoute(status: RouteStatus, rejected: LiveProxy['rejectedRoutes']): RouteStatus {
  const { kind, metadata } = status.object;
  const prefix = `${kind.toLowerCase()}/${metadata.namespace}/${metadata.name}/`;
  const mine = rejected.find(({ name }) => name.startsWith(prefix));
  if (mine === undefined) return status;
  const what = mine.because === undefined ? `${mine.name}, which` : `${mine.because}, and ${mine.name}`;
  const becomes = mine.isClosed === true ? 'answers 500' : 'stays as it was';
  const verdict = no('Rejected', `The proxy rejected ${what} ${becomes}: ${mine.message}`);
  return { ...status, parents: status.parents.map(({ ref, verdicts }) => ({ ref, verdicts: [...verdicts, verdict] })) };
}

/** A Backend whose cluster a proxy rejected is not used; routes to it stay as they were. */
function liveBackend(status: ConditionsStatus, rejected: readonly RejectedResource[]): ConditionsStatus {
  if (status.object.kind !== 'Backend') return status;
  const { namespace, name } = status.object.metadata;
  const mine = rejected.find((cluster) => cluster.name.startsWith(`backend/${namespace}/${name}-`));
  if (mine === undefined) return status;
  const verdict = no('Rejected', `The proxy rejected ${mine.type} ${mine.name}: ${mine.message}`);
  return { ...status, verdicts: [...status.verdicts, verdict] };
}

/** What users' filters are called in xDS: this, "<namespace>/<policy>" and a number (`features/wasm/xds.ts`). */
const USERS_FILTER = 'sluice.wasm/';

function isUsersFilter({ type, name }: RejectedResource): boolean {
  return type === 'extension-config' && name.startsWith(USERS_FILTER);
}

function livePolicy(
  status: PolicyStatus,
  filters: readonly RejectedResource[],
  patched: readonly RejectedResource[],
): PolicyStatus {
  if (status.object.kind === 'EnvoyExtensionPolicy') return liveExtension(status, filters);
  return status.object.kind === 'EnvoyPatchPolicy' ? livePatchPolicy(status, patched) : status;
}

/** A policy whose filter a proxy rejected runs an earlier version of it, or none. */
function liveExtension(status: PolicyStatus, rejected: readonly RejectedResource[]): PolicyStatus {
  const { metadata } = status.object;
  const mine = rejected.find(({ name }) => name.startsWith(`${USERS_FILTER}${metadata.namespace}/${metadata.name}/`));
  if (mine === undefined) return status;
  const verdict = no('Rejected', `The proxy rejected filter ${mine.name}, which stays as it was: ${mine.message}`);
  const ancestors = status.ancestors.map((ancestor) => ({ ...ancestor, verdicts: [...ancestor.verdicts, verdict] }));
  return { ...status, ancestors };
}

/** What a proxy rejects of a resource that a policy patches is the policy's to mend. */
function livePatchPolicy(status: PolicyStatus, rejected: readonly RejectedResource[]): PolicyStatus {
  const { namespace, name } = status.object.metadata;
  const mine = rejected.filter(({ policies }) => policies.includes(`${namespace}/${name}`));
  if (mine.length === 0) return status;
  const words = mine.map((one) => `${describe(one)}, which the policy patches and which ${becomesOf(one)}`);
  const verdict = no('Invalid', sentence(words.join('; ')));
  return {
    ...status,
    ancestors: status.ancestors.map((ancestor) => ({
      ...ancestor,
      verdicts: ancestor.verdicts.map((one) => (isProgrammed(one) ? verdict : one)),
    })),
  };
}

function becomesOf({ type, instead }: RejectedResource): string {
  switch (instead) {
    case 'earlier patches':
      return 'is as it is to be but for its patches: it has those that it was served with last, if any';
    case 'error':
      return 'answers 500';
    case undefined:
      return `stays as it was${UNDER_POLICIES.has(type) ? ', with the policies that it had' : ''}`;
    default:
      return instead satisfies never;
  }
}

/** Kinds of resources that carry what policies say. */
const UNDER_POLICIES: ReadonlySet<string> = new Set(['listener', 'route', 'virtual-host']);

/** So many addresses are in a status at most (Gateway API, `GatewayStatus.addresses`). */
const MOST_ADDRESSES = 16;

/** A Gateway of a cluster has the addresses of what runs its proxy, and is programmed once a copy of that can take requests. */
function deployedStatus(status: GatewayStatus, deployed: LiveDeployment): GatewayStatus {
  // One that is not served has no addresses.
  if (status.verdicts.some(({ type, status: value }) => type === 'Accepted' && value === 'False')) return status;
  const addresses = deployed.addresses.slice(0, MOST_ADDRESSES);
  const reached = { ...status, addresses };
  const pending = notDeployed(deployed);
  return pending === undefined ? reached : withProgrammed(reached, pending, () => undefined);
}

function notDeployed({ addresses, unusable = [], replicas, problem }: LiveDeployment): Verdict | undefined {
  if (problem !== undefined) return no('NoResources', sentence(problem));
  // Gateway API, `GatewayReasonAddressNotUsable`: says which address it is.
  if (unusable.length > 0) {
    const message = `spec.addresses: the load balancer has not given ${unusable.join(', ')}: ask for addresses that it has, or for none`;
    return no('AddressNotUsable', message);
  }
  if (addresses.length === 0) return no('AddressNotAssigned', 'No address has been assigned to the Gateway yet');
  if (replicas.available > 0) return undefined;
  return no('NoResources', `None of the ${replicas.wanted} copies of the proxy can take requests yet`);
}

function live(written: GatewayStatus, proxies: readonly LiveProxy[]): GatewayStatus {
  const proxy = proxies.find(({ key }) => key === written.proxy);
  if (proxy === undefined) return written;
  const status = proxy.deployed === undefined ? written : deployedStatus(written, proxy.deployed);
  // Copies that can take requests hold a configuration, be it from another replica of the controller.
  const isServedByOthers = (proxy.deployed?.replicas.available ?? 0) > 0;
  if (!proxy.ready && !isServedByOthers && proxy.rejected.length === 0) {
    const pending = no('Pending', 'The proxy has not acknowledged its configuration yet');
    return withProgrammed(status, pending, () => pending);
  }
  const concerns = (rejected: RejectedResource, { xdsName, port, transport }: ListenerReport): boolean =>
    proxy.sockets.some(
      ({ name, chains, ...socket }) =>
        socket.port === port &&
        socket.transport === transport &&
        ((rejected.type === 'listener' && rejected.name === name) ||
          chains.some((chain) => concernsChain(rejected, chain) && (chains.length === 1 || isOf(chain, xdsName)))),
    );
  const ofListener = (report: ListenerReport): readonly RejectedResource[] =>
    proxy.rejected.filter((rejected) => concerns(rejected, report));
  const others = proxy.rejected.filter((rejected) => !isOfListener(rejected, proxy) && !isUsersFilter(rejected));
  const own = [...new Set([...status.listeners.flatMap(ofListener), ...others])];
  const problems = [...own.map(describe), ...withoutModule(proxy)];
  if (problems.length === 0) return status;
  return withProgrammed(status, no('Invalid', problems.join('; ')), (report) => {
    const rejected = ofListener(report);
    return rejected.length === 0 ? undefined : no('Invalid', rejected.map(describe).join('; '));
  });
}

function withoutModule({ missingModule }: LiveProxy): readonly string[] {
  if (missingModule === undefined) return [];
  return [`the policy module ${missingModule} cannot be had: routes with a policy answer 500`];
}

/** The RouteConfiguration that a rejected resource is, or belongs to. */
function routesOf({ type, name }: RejectedResource): string | undefined {
  if (type === 'virtual-host') return name.slice(0, name.lastIndexOf('/'));
  return type === 'route' ? name : undefined;
}

/** Whether a listener of the proxy is concerned, and not the whole: what is nobody's must not go without a word. */
function isOfListener(rejected: RejectedResource, { sockets }: LiveProxy): boolean {
  if (!OF_LISTENERS.has(rejected.type)) return false;
  return sockets.some(
    ({ name, chains }) =>
      (rejected.type === 'listener' && rejected.name === name) ||
      chains.some((chain) => concernsChain(rejected, chain)),
  );
}

/** Kinds of resources that belong to listeners, and not to the whole of a Gateway. */
const OF_LISTENERS: ReadonlySet<string> = new Set(['listener', 'route', 'virtual-host', 'secret']);

/** What the configuration of a chain that passes connections on is called in xDS: this, the chain and, after a `#`, its rules (`xds/build/stream.ts`). */
const STREAM = 'sluice.stream/';

/** Whether a chain is a listener's; a listener of TLS may have one for each route. */
function isOf({ name }: LiveSocket['chains'][number], listener: string): boolean {
  return name === listener || (/^\/(?:tls|tcp)route\//u.test(name.slice(listener.length)) && name.startsWith(listener));
}

/** On plaintext all listeners of a socket share one chain, with TLS each has its own. */
function concernsChain(rejected: RejectedResource, { name, certificates }: LiveSocket['chains'][number]): boolean {
  if (rejected.type === 'extension-config') return rejected.name.split('#', 1)[0] === `${STREAM}${name}`;
  return rejected.type === 'secret' ? certificates.includes(rejected.name) : routesOf(rejected) === name;
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

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function describe({ type, name, message }: RejectedResource): string {
  return `the proxy rejected ${type} ${name}: ${message}`;
}

function no(reason: string, message: string): Verdict {
  return { type: 'Programmed', status: 'False', reason, message };
}
