import type { EnvoyProxy, ParentReference } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ProxyPlace } from '../settings.ts';
import type { ObjectStatus, ParentReport } from '../status/object-status.ts';
import type { ClassState } from './gateway-classes.ts';
import type { GatewayState } from './gateways.ts';
import { idleFields, parametersProblem } from './parameters.ts';

/**
 * What is to be said of EnvoyProxies, to each class and Gateway of ours that names them (Envoy Gateway 1.9, `EnvoyProxyStatus`);
 * of one that nobody names nothing is said.
 */
export function parametersStatuses(
  classes: ReadonlyMap<string, ClassState>,
  gateways: readonly GatewayState[],
  resources: Resources,
): readonly ObjectStatus[] {
  const named = new Map<EnvoyProxy, ParentReference[]>();
  const [{ proxies } = { proxies: 'processes' as const }] = classes.values();
  const name = (object: EnvoyProxy | undefined, ref: ParentReference): void => {
    if (object === undefined) return;
    const refs = named.get(object);
    if (refs === undefined) named.set(object, [ref]);
    else refs.push(ref);
  };
  for (const { object } of classes.values()) {
    const ref = object.spec.parametersRef;
    if (!isEnvoyProxy(ref)) continue;
    const proxy = resources.get('EnvoyProxy', ref.namespace ?? '', ref.name);
    name(proxy, { group: GROUP, kind: 'GatewayClass', name: object.metadata.name });
  }
  for (const { gateway, merged } of gateways) {
    const ref = gateway.spec.infrastructure?.parametersRef;
    if (merged || !isEnvoyProxy(ref)) continue;
    const { namespace } = gateway.metadata;
    const proxy = resources.get('EnvoyProxy', namespace, ref.name);
    name(proxy, { group: GROUP, kind: 'Gateway', namespace, name: gateway.metadata.name });
  }
  return [...named].map(([object, refs]) => {
    const said = JSON.stringify([proxies, refs]);
    const known = lastStatuses.get(object);
    if (known?.refs === said) return known.status;
    const verdicts = [acceptance(object, proxies)];
    const ancestors = refs.map((ref): ParentReport => ({ ref, verdicts }));
    const status: ObjectStatus = { kind: 'policy', object, ancestors };
    lastStatuses.set(object, { refs: said, status });
    return status;
  });
}

/** What was said last, to the same. */
const lastStatuses = new WeakMap<EnvoyProxy, { readonly refs: string; readonly status: ObjectStatus }>();

const GROUP = 'gateway.networking.k8s.io';

interface Reference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

function isEnvoyProxy<R extends Reference>(ref: R | undefined): ref is R {
  return ref?.group === 'gateway.envoyproxy.io' && ref.kind === 'EnvoyProxy';
}

function acceptance(object: EnvoyProxy, proxies: ProxyPlace): Verdict {
  const problem = parametersProblem(object, proxies);
  if (problem !== undefined) return { type: 'Accepted', status: 'False', ...problem };
  const idle = idleFields(object, proxies);
  const note =
    idle.length === 0
      ? ''
      : ` Without effect, because proxies are processes of this machine and no pods: ${idle.join(', ')}.`;
  return { type: 'Accepted', status: 'True', reason: 'Accepted', message: `EnvoyProxy has been accepted.${note}` };
}
