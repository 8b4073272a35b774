import { createHash } from 'node:crypto';
import { enumMembers } from '#proto/load.ts';
import type { RateLimitIr } from '../../ir/rate-limit.ts';
import type { Init } from '../../xds/build/message.ts';

const { APPEND_IF_EXISTS_OR_ADD } = enumMembers('envoy.config.core.v3.HeaderValueOption.HeaderAppendAction');

/** Whether answers tell of any of the limits. */
export function tellsLimits({ local, global }: RateLimitIr): boolean {
  return [...local, ...global].some(({ headers }) => headers);
}

/**
 * Response headers that tell of limits (draft-polli-ratelimit-headers-03): the filter keeps their values as filter state, which
 * is absent where it has nothing to tell. What the filter answers by itself has them already.
 */
export function limitHeaders(): readonly Init<'envoy.config.core.v3.HeaderValueOption'>[] {
  return ['limit', 'remaining', 'reset'].map((part) => ({
    header: { key: `x-ratelimit-${part}`, value: `%FILTER_STATE(wasm.sluice.rate_limit.${part}:PLAIN)%` },
    appendAction: APPEND_IF_EXISTS_OR_ADD,
    keepEmptyValue: false,
  }));
}

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
