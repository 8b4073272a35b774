import { rememberedBackendStatuses } from './backend-statuses.ts';
import { type PolicyTables, policyTables } from './features/rule-features.ts';
import type { PolicyTable } from './features/policy-table.ts';
import { policyImageWant } from './features/wasm/source.ts';
import { type PatchPolicy, patchPolicies, patchPolicyReport } from './features/envoy-patch-policy/spec.ts';
import { type ClassState, classStatus, gatewayClasses } from './gateway/gateway-classes.ts';
import { createAttach } from './gateway/attach-routes.ts';
import { closedCore } from './gateway/closed-route.ts';
import { createAvailability } from './gateway/available-backends.ts';
import { createGatewayPass, type GatewayState } from './gateway/gateways.ts';
import { grpcCore } from './gateway/grpc-route.ts';
import { httpCore } from './gateway/http-route.ts';
import type { AnyRoute, RouteCore } from './gateway/route-core.ts';
import { streamCore } from './gateway/stream-route.ts';
import { infraOf } from './gateway/infra.ts';
import { parametersStatuses } from './gateway/parameters-status.ts';
import { gatewayStatus, type GatewayStatus, listenerSetStatuses, routeStatuses } from './gateway/status.ts';
import type { ResourcePatchIr } from './ir/patch.ts';
import { type Pieces, sameMembers } from './ir/pieces.ts';
import type { InfraIr, ProxyIr } from './ir/proxy.ts';
import type { WasmModuleRef } from './ir/wasm-module.ts';
import { rememberedPolicyStatuses } from './policy-statuses.ts';
import { isClosed } from './resources/closed-object.ts';
import { lazily } from './resources/lazily.ts';
import { rememberedTlsPolicyStatuses } from './tls-policy-statuses.ts';
import type { Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import { unimplementedFields } from './resources/unimplemented-fields.ts';
import { distinctWants, type Want } from './resources/wants.ts';
import type { Settings } from './settings.ts';
import type { Refusal } from './resources/verdict.ts';
import type { ObjectStatus } from './status/object-status.ts';
import { mostWorkers } from './most-workers.ts';
import { createProxyPass, type PolicyModules } from './proxy-pass.ts';
import { boundSockets } from './xds/listener-sockets.ts';
import { lower, routesOfPatches } from './xds/lower.ts';
import { once } from './ir/once.ts';
import { tryPolicies } from './xds/patch.ts';
import { wholeRoutes } from './xds/route-configuration.ts';

/** What the compiler makes of a state of the world. */
export interface Translation {
  /** By the key of the proxy. */
  readonly proxies: ReadonlyMap<string, TranslatedProxy>;
  /** Keys of all proxies that Gateways of our classes name, whether they can be served just now or not. */
  readonly named: () => ReadonlySet<string>;
  /** The statuses of the Gateways, which are among all statuses. */
  readonly gateways: readonly GatewayStatus[];
  /** Computed when they are first asked for, which is not before proxies have what they are to have. */
  readonly statuses: () => Pieces<ObjectStatus>;
  /** What policies need from outside; the same list as long as it says the same. */
  readonly wants: readonly Want[];
  /** What was thrown: a bug each time. The proxy keeps the last good configuration, and no other is concerned. */
  readonly bugs: readonly { readonly proxy: string; readonly thrown: unknown }[];
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
  const tablesOf = tablesByWorkers(settings);
  const statesOf = createGatewayPass();
  const attach = createAttach(remembered((route: AnyRoute, now) => routeCore(route, now, settings)));
  const backendStatusesOf = rememberedBackendStatuses(settings);
  const policyStatusesOf = rememberedPolicyStatuses();
  const tlsPolicyStatusesOf = rememberedTlsPolicyStatuses();
  const pass = createProxyPass(settings);
  const patch = createPatchPass();
  const classStatusOf = once(classStatus);
  const gatewayStatusOf = once((state: GatewayState) => gatewayStatus(state, settings.bindAddress));
  const policySource = policyModuleSource(settings);
  const available = createAvailability();
  const wantsOf = rememberedWants(policySource.wants);
  const infra = createInfraPass();
  let lastGood: ReadonlyMap<string, TranslatedProxy> = new Map();

  return (resources) => {
    const classes = gatewayClasses(resources, settings);
    const tables = tablesOf(resources, mostWorkers(classes, resources, settings));
    const gateways = statesOf(classes, resources, (routes, gateway) => attach(routes, gateway, resources));
    const patching = patchPolicies(resources, classes, gateways, settings);
    const unpatched = new Map<PatchPolicy, Refusal>();
    const proxies = new Map<string, TranslatedProxy>();
    const bugs: { readonly proxy: string; readonly thrown: unknown }[] = [];
    for (const [key, served] of byProxy(gateways)) {
      try {
        const broken = served.find(({ bug }) => bug !== undefined);
        if (broken !== undefined) throw broken.bug;
        const ir = pass.make(key, served, tables, resources, policySource);
        proxies.set(key, infra(patch(ir, patching, unpatched), served));
      } catch (thrown) {
        bugs.push({ proxy: key, thrown });
        const good = lastGood.get(key);
        if (good !== undefined) proxies.set(key, good);
      }
    }
    pass.keep(new Set(proxies.keys()));
    lastGood = proxies;
    const gatewayStatuses = gateways.map(gatewayStatusOf);
    return {
      bugs,
      wants: wantsOf(tables),
      proxies,
      named: lazily(() => proxiesNamed(classes, resources)),
      gateways: gatewayStatuses,
      statuses: lazily(() => {
        const policies = policyStatusesOf(tables, gateways, resources);
        return [
          [...classes.values()].map(classStatusOf),
          parametersStatuses(classes, gateways, resources),
          gatewayStatuses,
          gateways.flatMap(listenerSetStatuses),
          ...available(
            routeStatuses(gateways),
            [...proxies.values()].map(({ xds }) => xds),
          ),
          policies,
          tlsPolicyStatusesOf(tables, gateways, resources),
          patching.map((policy): ObjectStatus => {
            const ancestors = [patchPolicyReport(policy, unpatched.get(policy))];
            return { kind: 'policy', object: policy.object, ancestors };
          }),
          ...backendStatusesOf(gateways, policies, resources),
        ];
      }),
    };
  };
}

/** A class that is not accepted does not say whether its Gateways are merged: the proxies of either are named. */
function proxiesNamed(classes: ReadonlyMap<string, ClassState>, resources: Resources): ReadonlySet<string> {
  return new Set(
    resources.list('Gateway').flatMap(({ metadata, spec: { gatewayClassName } }) => {
      const ofClass = classes.get(gatewayClassName);
      if (ofClass === undefined) return [];
      const own = `${metadata.namespace}/${metadata.name}`;
      if (!ofClass.accepted) return [own, gatewayClassName];
      return [ofClass.mergeGateways ? gatewayClassName : own];
    }),
  );
}

/** What the schema refuses has no status here: who can write one tells its author what is wrong with it. */
const UNREAD: Refusal = { reason: 'Invalid', message: 'The route is not served as it is written' };

function routeCore(route: AnyRoute, resources: Resources, settings: Settings): RouteCore {
  const refused = isClosed(route) ? UNREAD : unimplementedFields(route, 'UnsupportedValue');
  if (refused !== undefined) return closedCore(route, refused);
  switch (route.kind) {
    case 'HTTPRoute':
      return httpCore(route, resources, settings);
    case 'GRPCRoute':
      return grpcCore(route, resources, settings);
    case 'TLSRoute':
    case 'TCPRoute':
    case 'UDPRoute':
      return streamCore(route, resources, settings);
    default:
      return route satisfies never;
  }
}

/** What policies come to for proxies of so many workers; made anew when that is another number, which is rare. */
function tablesByWorkers(settings: Settings): (resources: Resources, workers: number) => PolicyTables {
  let last: { readonly workers: number; readonly tablesOf: (resources: Resources) => PolicyTables } | undefined;
  return (resources, workers) => {
    if (last?.workers !== workers) last = { workers, tablesOf: policyTables({ ...settings, workers: () => workers }) };
    return last.tablesOf(resources);
  };
}

/** Where the `policy` module comes from: what the operator says, and what is asked for by it. */
function policyModuleSource({
  policyDigest,
  policyImage,
}: Settings): PolicyModules & { readonly wants: readonly Want[] } {
  const want = policyImage === undefined ? undefined : policyImageWant(policyImage);
  return {
    wants: want === undefined ? [] : [want],
    /** The module of a proxy; a Gateway may pin it by digest. */
    module: (pinned: string | undefined, resources: Resources): WasmModuleRef | undefined => {
      if (pinned !== undefined || want === undefined) return { digest: pinned ?? policyDigest };
      const answer = resources.module(want);
      if (answer === undefined) return undefined;
      return { digest: answer.kind === 'module' ? answer.digest : policyDigest };
    },
  };
}

function rememberedWants(ofSettings: readonly Want[]): (tables: PolicyTables) => readonly Want[] {
  let last: { readonly tables: PolicyTables; readonly wants: readonly Want[] } | undefined;
  return (tables) => {
    if (last?.tables === tables) return last.wants;
    const ofPolicies = Object.values(tables).flatMap((table: PolicyTable) => table.wants);
    const wants = distinctWants([...ofSettings, ...ofPolicies]);
    last = { tables, wants };
    return wants;
  };
}

/** Makes the pass that tells what a proxy needs to run; the same object as long as neither that nor what it serves changes. */
function createInfraPass(): (xds: ProxyIr, served: readonly GatewayState[]) => TranslatedProxy {
  const made = new WeakMap<ProxyIr, { readonly served: readonly GatewayState[]; readonly proxy: TranslatedProxy }>();
  const last = new Map<string, InfraIr>();
  return (xds, served) => {
    const known = made.get(xds);
    if (known !== undefined && sameMembers(known.served, served)) return known.proxy;
    const infra = infraOf(xds.key, served, boundSockets(xds));
    const before = last.get(xds.key);
    const proxy = { xds, infra: before !== undefined && isSameInfra(before, infra) ? before : infra };
    last.set(xds.key, proxy.infra);
    made.set(xds, { served, proxy });
    return proxy;
  };
}

function isSameInfra(a: InfraIr, b: InfraIr): boolean {
  return (
    a.gatewayClass === b.gatewayClass &&
    a.merged === b.merged &&
    a.parameters === b.parameters &&
    sameMembers(a.gateways, b.gateways) &&
    JSON.stringify(a.sockets) === JSON.stringify(b.sockets)
  );
}

/** Makes the pass that gives a proxy the patches that can be applied to it; the same object for the same patches. */
function createPatchPass(): (
  ir: ProxyIr,
  policies: readonly PatchPolicy[],
  unpatched: Map<PatchPolicy, Refusal>,
) => ProxyIr {
  const tried = new WeakMap<ProxyIr, Patched>();
  /** `unpatched` learns why policies cannot be applied. */
  return (ir, policies, unpatched) => {
    const candidates = policies.flatMap((policy) => {
      const { proxy, patches } = policy;
      if (!proxy.ok || proxy.value !== ir.key) return [];
      if (patches.ok) return [{ policy, patches: patches.value }];
      unpatched.set(policy, patches.refusal);
      return [];
    });
    if (candidates.length === 0) return ir;
    const wanted = candidates.map(({ patches }) => patches);
    const known = tried.get(ir);
    const found = known !== undefined && sameMembers(known.wanted, wanted) ? known : tryPatches(ir, wanted);
    tried.set(ir, found);
    for (const [index, { policy }] of candidates.entries()) {
      const refusal = found.refusals[index];
      if (refusal !== undefined) unpatched.set(policy, refusal);
    }
    return found.ir;
  };
}

/** What became of a proxy with patches. */
interface Patched {
  readonly wanted: Pieces<ResourcePatchIr>;
  readonly refusals: readonly (Refusal | undefined)[];
  readonly ir: ProxyIr;
}

/** The patches of each policy that can be applied whole. */
function tryPatches(ir: ProxyIr, wanted: Pieces<ResourcePatchIr>): Patched {
  const whole = wholeRoutes(lower(ir, undefined), routesOfPatches(wanted.flat()));
  const refusals = tryPolicies(whole, wanted);
  const patches = wanted.filter((_, index) => refusals[index] === undefined).flat();
  return { wanted, refusals, ir: patches.length === 0 ? ir : { ...ir, patches } };
}

function byProxy(gateways: readonly GatewayState[]): ReadonlyMap<string, readonly GatewayState[]> {
  const proxies = new Map<string, GatewayState[]>();
  for (const state of gateways) proxies.set(state.proxy, [...(proxies.get(state.proxy) ?? []), state]);
  return proxies;
}
