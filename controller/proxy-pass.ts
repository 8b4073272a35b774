import { rememberedAssignments } from './backends/assignments.ts';
import { rememberedSecrets, type SecretsOf } from './backends/secrets.ts';
import { changesSince, clientAt, featuresAt, type PolicyTables } from './features/rule-features.ts';
import { streamFeaturesAt } from './features/stream-features.ts';
import type { GatewayState } from './gateway/gateways.ts';
import type { PolicyOracle } from './gateway/placed-route.ts';
import { ClusterUnion, secretsOf as ownSecretsOf } from './gateway/references.ts';
import { Sockets } from './gateway/sockets.ts';
import { type ChainIr, type ListenerIr, terminationOf } from './ir/listener.ts';
import type { ProxyIr } from './ir/proxy.ts';
import type { SecretIr } from './ir/secret.ts';
import type { WasmModuleRef } from './ir/wasm-module.ts';
import { sameMembers } from './ir/pieces.ts';
import type { Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import { POLICY_DIGEST_ANNOTATION, type Settings } from './settings.ts';
import { rememberedSharedPolicies } from './shared-policies.ts';
import { trustSecret } from './tls/trust.ts';
import { once } from './ir/once.ts';

/** What is known of a proxy since it was made last. */
interface Memory {
  readonly chains: Sockets;
  readonly union: ClusterUnion;
  readonly gateways: readonly GatewayState[];
  readonly tables: PolicyTables;
  /** The secrets of listeners. */
  readonly own: readonly SecretIr[];
  /** The authorities that policies of clients name. */
  readonly trusts: readonly SecretIr[];
  readonly secretsOf: SecretsOf;
  readonly ir: ProxyIr;
}

/** Tells which `policy` module a proxy runs, if any can be named yet; a Gateway may pin it by its digest. */
export interface PolicyModules {
  readonly module: (pinned: string | undefined, resources: Resources) => WasmModuleRef | undefined;
}

/** Makes what the proxies serve, without anybody's patches. */
export interface ProxyPass {
  /** What a proxy of these Gateways serves: the same object as long as it serves the same. A bug throws. */
  make(
    key: string,
    gateways: readonly GatewayState[],
    tables: PolicyTables,
    resources: Resources,
    modules: PolicyModules,
  ): ProxyIr;
  /** Forgets every proxy that is not one of these. */
  keep(keys: ReadonlySet<string>): void;
}

/** Makes the pass; it remembers each proxy, so that only what changed is made again. */
export function createProxyPass(settings: Settings): ProxyPass {
  const oracleOf = createOracle();
  const assignmentsOf = rememberedAssignments();
  const sharedOf = rememberedSharedPolicies();
  const memories = new Map<string, Memory>();
  return {
    make(key, gateways, tables, resources, modules) {
      const known = memories.get(key);
      // What is remembered may be half made when a bug throws.
      memories.delete(key);
      const isSame = known?.tables === tables && sameMembers(known.gateways, gateways);
      const memory = isSame ? known : remake(key, known, gateways, tables);
      const endpoints = assignmentsOf(memory.ir.clusters, resources);
      const found = trustsOf(memory.ir.listeners, resources);
      const trusts = sameMembers(found, memory.trusts) ? memory.trusts : found;
      const secrets = memory.secretsOf(memory.ir.clusters, [memory.own, trusts], resources);
      const pinned = gateways.map(({ gateway }) => gateway.metadata.annotations?.[POLICY_DIGEST_ANNOTATION]);
      const policyModule = modules.module(
        pinned.find((digest) => digest !== undefined),
        resources,
      );
      const isCurrent =
        endpoints === memory.ir.endpoints &&
        secrets === memory.ir.secrets &&
        policyModule?.digest === memory.ir.policyModule?.digest;
      const ir = isCurrent ? memory.ir : { ...memory.ir, endpoints, secrets, policyModule };
      memories.set(key, { ...memory, trusts, ir });
      return ir;
    },
    keep(keys) {
      for (const key of memories.keys()) if (!keys.has(key)) memories.delete(key);
    },
  };

  function remake(
    key: string,
    known: Memory | undefined,
    gateways: readonly GatewayState[],
    tables: PolicyTables,
  ): Memory {
    const chains = known?.chains ?? new Sockets();
    const union = known?.union ?? new ClusterUnion();
    const { bindAddress, bindsRequested } = settings;
    const sockets = chains.update(gateways, { bindAddress, bindsRequested, oracle: oracleOf(tables) });
    const ir: ProxyIr = {
      key,
      listeners: sockets.map(({ listener }) => listener),
      clusters: union.update(sockets),
      endpoints: known?.ir.endpoints ?? [],
      secrets: known?.ir.secrets ?? [],
      shared: sharedOf(key, gateways, tables),
      policyModule: known?.ir.policyModule,
    };
    const secretsOf = known?.secretsOf ?? rememberedSecrets(settings);
    const trusts = known?.trusts ?? [];
    return { chains, union, gateways, tables, own: ownSecretsOf(gateways), trusts, secretsOf, ir };
  }
}

/** The authorities that policies of listeners' clients name. */
const trustsOf = remembered((listeners: readonly ListenerIr[], resources): readonly SecretIr[] =>
  listeners
    .flatMap(({ chains }) => chains.flatMap(bundlesOf))
    .flatMap((bundle) => trustSecret(bundle, resources) ?? []),
);

const bundlesOf = once((chains: readonly ChainIr[]) =>
  chains.flatMap((chain) => terminationOf(chain)?.clients?.trust ?? []),
);

/** Makes what tells the places of routes what policies say there. */
function createOracle(): (tables: PolicyTables) => PolicyOracle {
  const asked = new WeakMap<object, PolicyTables>();
  return (tables) => {
    asked.set(tables, tables);
    return {
      policies: tables,
      featuresAt: (place) => featuresAt(place, tables),
      streamFeaturesAt: (place) => streamFeaturesAt(place, tables),
      clientAt: (gateway) => clientAt(gateway, tables),
      changesSince: (policies) => {
        const before = asked.get(policies);
        return before === undefined ? undefined : changesSince(before, tables);
      },
    };
  };
}
