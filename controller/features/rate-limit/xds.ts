import { createHash } from 'node:crypto';

/**
 * Under which name the counters of a route are counted: those of one route resource, over all its rules and host names,
 * listeners and Gateways. 32 characters; a contract with the filter.
 *
 * Differs from Envoy Gateway: it counts every match and host name of a route for itself, although "each Route has its own
 * rate limit counters" by its API; a client could use up the limit once for each.
 */
export function countersOf(routeName: string): string {
  const resource = routeName.split('/').slice(0, 3).join('/');
  return createHash('sha256').update(resource).digest('hex').slice(0, 32);
}
