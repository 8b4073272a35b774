import { array, integer, named, oneOf, required, string } from '../schema.ts';
import { domainPrefixedPath } from '../kubernetes/names.ts';
import { parentReference } from './references.ts';

/** One observation about an object (meta/v1 Condition). */
export const condition = named('Condition', {
  type: required(string({ maxLength: 316 })),
  status: required(oneOf(['True', 'False', 'Unknown'])),
  observedGeneration: integer({ minimum: 0 }),
  lastTransitionTime: required(string({ format: 'date-time' })),
  reason: required(string({ minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' })),
  message: required(string({ maxLength: 32_768 })),
});

/** Conditions, one of each type. */
export const conditions = array(condition, { maxItems: 8, mapKeys: ['type'] });

/** What a route's parent and that parent's controller say of the route. */
export const routeParentStatus = named('RouteParentStatus', {
  parentRef: required(parentReference),
  controllerName: required(string(domainPrefixedPath)),
  conditions: required(conditions),
});

/** The status of a route of any kind. */
export const routeStatus = named('RouteStatus', {
  parents: required(array(routeParentStatus, { maxItems: 32 })),
});

/** The status of a policy: one entry for each Gateway or other ancestor it takes effect on. */
export const policyStatus = named('PolicyStatus', {
  ancestors: required(
    array(
      named('PolicyAncestorStatus', {
        ancestorRef: required(parentReference),
        controllerName: required(string(domainPrefixedPath)),
        conditions: required(conditions),
      }),
      { maxItems: 16 },
    ),
  ),
});
