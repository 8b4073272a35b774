import type { EnvoyProxy, GatewayClass } from '#controller/api/gen/types.d.ts';
import { mergesGateways } from '../resources/merged-gateways.ts';
import type { Resources } from '../resources/resources.ts';
import { rememberedIn } from '../resources/tracked.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ProxyPlace, Settings } from '../settings.ts';
import type { ObjectStatus } from '../status/object-status.ts';
import { classParameters } from './parameters.ts';
import { SUPPORTED_FEATURES } from './supported-features.ts';

/** A GatewayClass that is ours, and what is said of it. */
export interface ClassState {
  readonly object: GatewayClass;
  readonly accepted: boolean;
  /** Where the proxies of its Gateways run. */
  readonly proxies: ProxyPlace;
  /** How the proxies of its Gateways run, `undefined` where it does not say. */
  readonly parameters: EnvoyProxy | undefined;
  /** How the proxies of all classes run, `undefined` where nobody says. */
  readonly defaults: EnvoyProxy | undefined;
  /** Whether all Gateways of the class are served by one proxy (EnvoyProxy `mergeGateways`). */
  readonly mergeGateways: boolean;
  readonly verdicts: readonly Verdict[];
}

/** The classes that name our controller; those of others are none of our business (Gateway API, GatewayClass). */
export function gatewayClasses(resources: Resources, settings: Settings): ReadonlyMap<string, ClassState> {
  const ours = resources.list('GatewayClass').filter(({ spec }) => spec.controllerName === settings.controllerName);
  return new Map(ours.map((object) => [object.metadata.name, classStateOf(object, settings, resources)]));
}

const classStateOf = rememberedIn((object: GatewayClass, settings: Settings, resources): ClassState => {
  const { proxies, envoyProxy: defaults } = settings;
  const found = classParameters(object, resources, proxies);
  return {
    object,
    proxies,
    accepted: found.ok,
    parameters: found.ok ? found.value : undefined,
    defaults,
    mergeGateways: found.ok && mergesGateways(object, resources, defaults),
    verdicts: [
      found.ok
        ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The class is served by this controller' }
        : { type: 'Accepted', status: 'False', ...found.refusal },
    ],
  };
});

/** What is to be said of a class. */
export function classStatus({ object, verdicts }: ClassState): ObjectStatus {
  return { kind: 'class', object, verdicts, supportedFeatures: SUPPORTED_FEATURES };
}
