import type { GatewayClass } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';

/** A GatewayClass that is ours, and what is said of it. */
export interface ClassState {
  readonly object: GatewayClass;
  readonly accepted: boolean;
  readonly verdicts: readonly Verdict[];
}

/** The classes that name our controller; those of others are none of our business (Gateway API, GatewayClass). */
export function gatewayClasses(resources: Resources, settings: Settings): ReadonlyMap<string, ClassState> {
  const ours = resources.list('GatewayClass').filter(({ spec }) => spec.controllerName === settings.controllerName);
  return new Map(ours.map((object) => [object.metadata.name, classState(object)]));
}

function classState(object: GatewayClass): ClassState {
  const { parametersRef } = object.spec;
  const accepted = parametersRef === undefined;
  const verdict: Verdict = accepted
    ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The class is served by this controller' }
    : {
        type: 'Accepted',
        status: 'False',
        reason: 'InvalidParameters',
        message: `GatewayClass ${object.metadata.name}: spec.parametersRef (${parametersRef.kind} ${parametersRef.name}) is not implemented in this version`,
      };
  return { object, accepted, verdicts: [verdict] };
}
