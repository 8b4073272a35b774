import type { EnvoyProxy, EnvoyProxySpec, Gateway, GatewayClass } from '#controller/api/gen/types.d.ts';
import { isObject } from '#controller/api/compile.ts';
import { bootstrapProblem } from '../infra/bootstrap/user.ts';
import { mergeSpecs, type MergeType } from '../policies/merge.ts';
import type { Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import type { ProxyPlace } from '../settings.ts';
import type { ClassState } from './gateway-classes.ts';

/** How a proxy runs, `undefined` where nobody says; or why what is said cannot be had. */
export type Parameters = Outcome<EnvoyProxy | undefined, 'InvalidParameters'>;

interface Reference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

/** The EnvoyProxy that a class names (Gateway API, `GatewayClassSpec.parametersRef`). */
export function classParameters(
  { metadata, spec }: GatewayClass,
  resources: Resources,
  proxies: ProxyPlace,
): Parameters {
  const ref = spec.parametersRef;
  if (ref === undefined) return success(undefined);
  return named(`GatewayClass ${metadata.name}: spec.parametersRef`, ref, ref.namespace ?? '', resources, proxies);
}

/**
 * How the proxy of a Gateway runs: as the EnvoyProxy says that the Gateway names, with or without what its class says beside
 * it (`mergeType`), else as its class says (Gateway API, `GatewayInfrastructure.parametersRef`), else as all do. Gateways of a
 * class that has one proxy for all of them have no say in it (Envoy Gateway, `mergeGateways`).
 */
export function gatewayParameters({ metadata, spec }: Gateway, ofClass: ClassState, resources: Resources): Parameters {
  const ref = spec.infrastructure?.parametersRef;
  if (ref === undefined) return success(combined(undefined, ofClass));
  const at = `Gateway ${metadata.namespace}/${metadata.name}: spec.infrastructure.parametersRef`;
  const own = named(at, ref, metadata.namespace, resources, ofClass.proxies);
  if (!own.ok) return own;
  return success(combined(ofClass.mergeGateways ? undefined : own.value, ofClass));
}

/**
 * The EnvoyProxy of a Gateway on that of its class, as the former says; both on the defaults of all, as that of the class says,
 * else that of the Gateway (Envoy Gateway 1.9, EnvoyGateway `envoyProxy`).
 */
function combined(own: EnvoyProxy | undefined, { parameters: ofClass, defaults }: ClassState): EnvoyProxy | undefined {
  const mergeType = own?.spec.mergeType;
  return merged(merged(own, ofClass, mergeType), defaults, ofClass?.spec.mergeType ?? mergeType);
}

function named(at: string, ref: Reference, namespace: string, resources: Resources, proxies: ProxyPlace): Parameters {
  if (ref.group !== 'gateway.envoyproxy.io' || ref.kind !== 'EnvoyProxy') {
    return refusal(
      'InvalidParameters',
      `${at}: found ${ref.kind} of group "${ref.group}", accepted is EnvoyProxy of group gateway.envoyproxy.io`,
    );
  }
  const proxy = resources.get('EnvoyProxy', namespace, ref.name);
  if (proxy === undefined) {
    return refusal('InvalidParameters', `${at}: EnvoyProxy ${namespace}/${ref.name} does not exist or cannot be read`);
  }
  const problem = parametersProblem(proxy, proxies);
  return problem === undefined ? success(proxy) : { ok: false, refusal: problem };
}

/** Why an EnvoyProxy cannot be followed, or `undefined`. */
export function parametersProblem(
  proxy: EnvoyProxy,
  proxies: ProxyPlace,
): { readonly reason: 'InvalidParameters'; readonly message: string } | undefined {
  return (
    unimplementedFields(proxy, 'InvalidParameters') ??
    (proxies === 'pods' ? hostProblemOf(proxy) : undefined) ??
    bootstrapProblemOf(proxy)
  );
}

/** Envoy Gateway has Envoys on a host only where it is one itself; on a cluster nothing would run there. */
function hostProblemOf({ metadata, spec }: EnvoyProxy): ReturnType<typeof parametersProblem> {
  if (spec.provider?.type !== 'Host') return undefined;
  const at = `EnvoyProxy ${metadata.namespace}/${metadata.name}: spec.provider.type`;
  return {
    reason: 'InvalidParameters',
    message: `${at}: found Host, accepted on a cluster is Kubernetes: proxies are pods there`,
  };
}

/** The fields of an EnvoyProxy that say nothing where proxies run. */
export function idleFields({ spec }: EnvoyProxy, proxies: ProxyPlace): readonly string[] {
  if (proxies === 'pods') return [];
  return Object.keys(spec.provider?.kubernetes ?? {}).map((name) => `spec.provider.kubernetes.${name}`);
}

const bootstrapProblems = new WeakMap<EnvoyProxy, { readonly problem: ReturnType<typeof parametersProblem> }>();

/** Why the bootstrap of an EnvoyProxy cannot be used: asked once, for it takes all of Envoy's API to know. */
function bootstrapProblemOf(proxy: EnvoyProxy): ReturnType<typeof parametersProblem> {
  const known = bootstrapProblems.get(proxy);
  if (known !== undefined) return known.problem;
  const { namespace, name } = proxy.metadata;
  const found = bootstrapProblem(proxy.spec.bootstrap);
  const problem = found && { ...found, message: `EnvoyProxy ${namespace}/${name}: ${found.message}` };
  bootstrapProblems.set(proxy, { problem });
  return problem;
}

type MergedBefore = WeakMap<EnvoyProxy, WeakMap<EnvoyProxy, EnvoyProxy>>;

const mergedBefore: { readonly [type in MergeType]: MergedBefore } = {
  StrategicMerge: new WeakMap(),
  JSONMerge: new WeakMap(),
};

/** An EnvoyProxy on another, in whose place it is unless it is merged into it; the same object for the same two. */
function merged(
  own: EnvoyProxy | undefined,
  base: EnvoyProxy | undefined,
  type: EnvoyProxySpec['mergeType'] = 'Replace',
): EnvoyProxy | undefined {
  if (own === undefined) return base;
  if (base === undefined || base === own || type === 'Replace') return own;
  const known = mergedBefore[type].get(own) ?? new WeakMap<EnvoyProxy, EnvoyProxy>();
  mergedBefore[type].set(own, known);
  const before = known.get(base);
  if (before !== undefined) return before;
  const both: unknown = { ...own, spec: mergeSpecs(base.spec, own.spec, type) };
  if (!isEnvoyProxy(both)) throw new Error('a merged EnvoyProxy is of another kind');
  known.set(base, both);
  return both;
}

/** Two objects of one type merge to one of that type. */
function isEnvoyProxy(value: unknown): value is EnvoyProxy {
  return isObject(value) && value['kind'] === 'EnvoyProxy';
}
