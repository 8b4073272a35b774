import type { KindName } from '#controller/api/gen/types.d.ts';
import type { Resources } from '../resources/resources.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ObjectStatus, RouteObject } from '../status/object-status.ts';

const ROUTE_KINDS = ['GRPCRoute'] as const satisfies readonly KindName[];

/**
 * What is to be said of objects of kinds that are known and not implemented yet: that they are not accepted, and why, to
 * each of their parents. None is ignored silently.
 */
export function unimplementedKinds(resources: Resources): readonly ObjectStatus[] {
  return [
    ...resources.list('ListenerSet').map((object): ObjectStatus => ({
      kind: 'conditions',
      object,
      verdicts: [refusal(object.kind)],
    })),
    ...ROUTE_KINDS.flatMap((kind) => resources.list(kind).map(routeStatus)),
  ];
}

function refusal(kind: string): Verdict {
  return {
    type: 'Accepted',
    status: 'False',
    reason: 'UnsupportedValue',
    message: `${kind} is not implemented in this version`,
  };
}

function routeStatus(object: RouteObject): ObjectStatus {
  const parents = (object.spec.parentRefs ?? []).map((ref) => ({ ref, verdicts: [refusal(object.kind)] }));
  return { kind: 'route', object, parents };
}
