import type { Backend, HTTPRoute } from '#controller/api/gen/types.d.ts';
import { backendProblem } from './backends/clusters.ts';
import { rememberedAssignments } from './backends/assignments.ts';
import { featuresAt, type PolicyTables, policyTables } from './features/rule-features.ts';
import type { PolicyTable } from './features/policy-table.ts';
import { policyImageWant } from './features/wasm/source.ts';
import { type PatchPolicy, patchPolicies, patchPolicyReport } from './features/envoy-patch-policy/spec.ts';
import { gatewayClasses } from './gateway/gateway-classes.ts';
import { createAttach } from './gateway/attach-routes.ts';
import { createGatewayPass, type GatewayState } from './gateway/gateways.ts';
import { routeCore } from './gateway/http-route.ts';
import { clustersOf, secretsOf } from './gateway/references.ts';
import { type SocketOptions, socketsOf } from './gateway/sockets.ts';
import { gatewayStatus, routeStatuses } from './gateway/status.ts';
import { unimplementedKinds } from './gateway/unimplemented-kinds.ts';
import { VirtualHosts } from './gateway/virtual-hosts.ts';
import type { InfraIr, ProxyIr } from './ir/proxy.ts';
import type { WasmModuleRef } from './ir/wasm-module.ts';
import { rememberedPolicyStatuses } from './policy-statuses.ts';
import type { Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import { distinctWants, type Want } from './resources/wants.ts';
import { POLICY_DIGEST_ANNOTATION, type Settings } from './settings.ts';
import type { Refusal } from './resources/verdict.ts';
import { rememberedSharedPolicies } from './shared-policies.ts';
import type { ObjectStatus } from './status/object-status.ts';
import { boundSockets } from './xds/listener-sockets.ts';
import { lower, routesOfPatches } from './xds/lower.ts';
import { tryPolicies } from './xds/patch.ts';
import { wholeRoutes } from './xds/route-configuration.ts';

/** What the compiler makes of a state of the world. */
export interface Translation {
  /** By the key of the proxy. */
  readonly proxies: ReadonlyMap<string, TranslatedProxy>;
  readonly statuses: readonly ObjectStatus[];
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
  const tablesOf = policyTables(settings);
  const statesOf = createGatewayPass();
  const attach = createAttach(remembered((route: HTTPRoute, now) => routeCore(route, now, settings)));
  const backendStatusOf = remembered(backendStatus);
  const policyStatusesOf = rememberedPolicyStatuses();
  const assignmentsOf = rememberedAssignments();
  const policySource = policyModuleSource(settings);
  const wantsOf = rememberedWants(policySource.wants);
  const sharedOf = rememberedSharedPolicies();
  let chains: ReadonlyMap<string, VirtualHosts> = new Map();
  let lastGood: ReadonlyMap<string, ProxyIr> = new Map();

  return (resources) => {
    const classes = gatewayClasses(resources, settings);
    const tables = tablesOf(resources);
    const gateways = statesOf(classes, resources, (routes, gateway) => attach(routes, gateway, resources));
    const used = new Map<string, VirtualHosts>();
    const options: SocketOptions = {
      bindAddress: settings.bindAddress,
      oracle: { policies: tables, featuresAt: (place) => featuresAt(place, tables) },
      hostsOf: (chain) => {
        const hosts = chains.get(chain) ?? new VirtualHosts();
        used.set(chain, hosts);
        return hosts;
      },
    };
    const patching = patchPolicies(resources, classes, gateways, settings);
    const unpatched = new Map<PatchPolicy, Refusal>();
    const proxies = new Map<string, ProxyIr>();
    const bugs: { readonly proxy: string; readonly thrown: unknown }[] = [];
    for (const [key, served] of byProxy(gateways)) {
      try {
        const broken = served.find(({ bug }) => bug !== undefined);
        if (broken !== undefined) throw broken.bug;
        proxies.set(key, patched(proxyIr(key, served, options, { resources, tables }), patching, unpatched));
      } catch (thrown) {
        bugs.push({ proxy: key, thrown });
        const good = lastGood.get(key);
        if (good !== undefined) proxies.set(key, good);
        // What is remembered of its chains may be half made.
        for (const chain of used.keys()) if (served.some((state) => isChainOf(state, chain))) used.delete(chain);
      }
    }
    chains = used;
    lastGood = proxies;
    return {
      bugs,
      wants: wantsOf(tables),
      proxies: new Map(
        [...proxies.values()].map((xds) => [xds.key, { xds, infra: { key: xds.key, sockets: boundSockets(xds) } }]),
      ),
      statuses: [
        ...[...classes.values()].map(({ object, verdicts }) => ({ kind: 'conditions', object, verdicts }) as const),
        ...gateways.map((state) => gatewayStatus(state, settings.bindAddress)),
        ...routeStatuses(gateways).flat(),
        ...policyStatusesOf(tables, gateways, resources),
        ...patching.map((policy): ObjectStatus => {
          const ancestors = [patchPolicyReport(policy, unpatched.get(policy))];
          return { kind: 'policy', object: policy.object, ancestors };
        }),
        ...unimplementedKinds(resources),
        ...resources.list('Backend').map((backend) => backendStatusOf(backend, resources)),
      ],
    };
  };

  function proxyIr(
    key: string,
    gateways: readonly GatewayState[],
    options: SocketOptions,
    { resources, tables }: { readonly resources: Resources; readonly tables: PolicyTables },
  ): ProxyIr {
    const sockets = socketsOf(gateways, options);
    const clusters = clustersOf(sockets);
    const pinned = gateways.map(({ gateway }) => gateway.metadata.annotations?.[POLICY_DIGEST_ANNOTATION]);
    return {
      key,
      listeners: sockets.map(({ listener }) => listener),
      clusters,
      endpoints: assignmentsOf(clusters, resources),
      secrets: secretsOf(gateways),
      shared: sharedOf(key, gateways, tables),
      policyModule: policySource.module(
        pinned.find((digest) => digest !== undefined),
        resources,
      ),
    };
  }
}

/** Where the `policy` module comes from: what the operator says, and what is asked for by it. */
function policyModuleSource({ policyDigest, policyImage }: Settings) {
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

/** A proxy with the patches of the policies that can be applied to it whole; `unpatched` learns why the others cannot. */
function patched(ir: ProxyIr, policies: readonly PatchPolicy[], unpatched: Map<PatchPolicy, Refusal>): ProxyIr {
  const candidates = policies.flatMap((policy) => {
    const { proxy, patches } = policy;
    if (!proxy.ok || proxy.value !== ir.key) return [];
    if (patches.ok) return [{ policy, patches: patches.value }];
    unpatched.set(policy, patches.refusal);
    return [];
  });
  if (candidates.length === 0) return ir;
  const wanted = candidates.map(({ patches }) => patches);
  const whole = wholeRoutes(lower(ir, undefined), routesOfPatches(wanted.flat()));
  const refusals = tryPolicies(whole, wanted);
  const kept = candidates.filter(({ policy }, index) => {
    const refusal = refusals[index];
    if (refusal !== undefined) unpatched.set(policy, refusal);
    return refusal === undefined;
  });
  return kept.length === 0 ? ir : { ...ir, patches: kept.flatMap(({ patches }) => patches) };
}

function isChainOf({ gateway }: GatewayState, chain: string): boolean {
  return chain.startsWith(`${gateway.metadata.namespace}/${gateway.metadata.name}/`);
}

function byProxy(gateways: readonly GatewayState[]): ReadonlyMap<string, readonly GatewayState[]> {
  const proxies = new Map<string, GatewayState[]>();
  for (const state of gateways) proxies.set(state.proxy, [...(proxies.get(state.proxy) ?? []), state]);
  return proxies;
}

function backendStatus(object: Backend): ObjectStatus {
  const problem = backendProblem(object);
  const verdict =
    problem === undefined
      ? ({ type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Backend can be used' } as const)
      : ({ type: 'Accepted', status: 'False', reason: 'Invalid', message: problem } as const);
  return { kind: 'conditions', object, verdicts: [verdict] };
}
