import type { ProxyIr } from '../ir/proxy.ts';
import { sharedId } from './policy-filter.ts';
import { routesOf } from './withhold.ts';

/**
 * A proxy's configuration with what routes of the one before still share and this one no longer has: a route must find its
 * policy until it is gone itself. `before` is what the proxy took last; what its routes do not name is not kept.
 */
export function withRetired(ir: ProxyIr, before: ProxyIr | undefined): ProxyIr {
  const now = new Set((ir.shared ?? []).map(sharedId));
  const gone = (before?.shared ?? []).filter((one) => !now.has(sharedId(one)));
  if (before === undefined || gone.length === 0) return ir;
  const named = new Set<string | undefined>();
  for (const { features } of routesOf(before)) if (features.shared !== undefined) named.add(sharedId(features.shared));
  const kept = gone.filter((one) => named.has(sharedId(one)));
  return kept.length === 0 ? ir : { ...ir, shared: [...(ir.shared ?? []), ...kept] };
}
