import type { HTTPFilter, HTTPRequestMirrorFilter } from '#controller/api/gen/types.d.ts';
import { resolveBackend } from '../backends/resolve.ts';
import type { MirrorIr } from '../ir/route.ts';
import type { FilterContext } from './rule-filters.ts';

const ALL = 1_000_000;

/**
 * Where filters of type RequestMirror send copies. A back-end that cannot be had gets none, and the route is told (Gateway
 * API, `HTTPRequestMirrorFilter.backendRef`).
 */
export function mirrorsOf(filters: readonly HTTPFilter[], context: FilterContext): readonly MirrorIr[] {
  const { from, resources, settings, problems, protocol } = context;
  return filters.flatMap(({ requestMirror: mirror }): MirrorIr[] => {
    if (mirror === undefined) return [];
    const found = resolveBackend(mirror.backendRef, from, resources, settings, protocol);
    if (found.ok) return [{ cluster: found.value, millionths: millionths(mirror) }];
    problems.push(found.refusal);
    return [];
  });
}

/** The share that is copied: all unless the filter says otherwise, and no more than that. */
function millionths({ percent, fraction }: HTTPRequestMirrorFilter): number {
  if (percent !== undefined) return percent * 10_000;
  if (fraction === undefined) return ALL;
  return Math.min(ALL, Math.round((fraction.numerator / fraction.denominator) * ALL));
}
