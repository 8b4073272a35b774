import type { EnvoyProxy, GatewayClass } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import { type Outcome, refusal, type Refusal, success, type Verdict } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';

/** A GatewayClass that is ours, and what is said of it. */
export interface ClassState {
  readonly object: GatewayClass;
  readonly accepted: boolean;
  /** Whether all Gateways of the class are served by one proxy (EnvoyProxy `mergeGateways`). */
  readonly mergeGateways: boolean;
  readonly verdicts: readonly Verdict[];
}

/** The classes that name our controller; those of others are none of our business (Gateway API, GatewayClass). */
export function gatewayClasses(resources: Resources, settings: Settings): ReadonlyMap<string, ClassState> {
  const ours = resources.list('GatewayClass').filter(({ spec }) => spec.controllerName === settings.controllerName);
  return new Map(ours.map((object) => [object.metadata.name, classState(object, resources)]));
}

function classState(object: GatewayClass, resources: Resources): ClassState {
  const parameters = parametersOf(object, resources);
  const refused: Refusal | undefined = parameters.ok ? undefined : parameters.refusal;
  return {
    object,
    accepted: refused === undefined,
    mergeGateways: parameters.ok && parameters.value?.spec.mergeGateways === true,
    verdicts: [
      refused === undefined
        ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The class is served by this controller' }
        : { type: 'Accepted', status: 'False', ...refused },
    ],
  };
}

/** The EnvoyProxy that a class names, `undefined` when it names none. */
function parametersOf(
  { metadata, spec }: GatewayClass,
  resources: Resources,
): Outcome<EnvoyProxy | undefined, 'InvalidParameters'> {
  const ref = spec.parametersRef;
  if (ref === undefined) return success(undefined);
  const at = `GatewayClass ${metadata.name}: spec.parametersRef`;
  if (ref.group !== 'gateway.envoyproxy.io' || ref.kind !== 'EnvoyProxy') {
    return refusal(
      'InvalidParameters',
      `${at}: found ${ref.kind} of group "${ref.group}", accepted is EnvoyProxy of group gateway.envoyproxy.io`,
    );
  }
  const proxy = resources.get('EnvoyProxy', ref.namespace ?? '', ref.name);
  if (proxy === undefined) {
    return refusal('InvalidParameters', `${at}: EnvoyProxy ${ref.namespace ?? ''}/${ref.name} does not exist`);
  }
  const missing = unimplementedFields(proxy, 'InvalidParameters');
  return missing === undefined ? success(proxy) : { ok: false, refusal: missing };
}
