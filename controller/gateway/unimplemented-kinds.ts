import type { Resources } from '../resources/resources.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ObjectStatus } from '../status/object-status.ts';

/**
 * What is to be said of objects of kinds that are known and not implemented yet: that they are not accepted, and why.
 * None is ignored silently.
 */
export function unimplementedKinds(resources: Resources): readonly ObjectStatus[] {
  return resources.list('ListenerSet').map((object): ObjectStatus => ({
    kind: 'conditions',
    object,
    verdicts: [refusal(object.kind)],
  }));
}

function refusal(kind: string): Verdict {
  return {
    type: 'Accepted',
    status: 'False',
    reason: 'UnsupportedValue',
    message: `${kind} is not implemented in this version`,
  };
}
