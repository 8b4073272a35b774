import type { HTTPFilter, HTTPHeader, HTTPHeaderFilter } from '#controller/api/gen/types.d.ts';
import type { HeaderChangesIr, HeaderIr } from '../ir/route.ts';

/** The header changes that the filters of one type say together, in their order. */
export function headerChangesOf(
  filters: readonly HTTPFilter[],
  type: 'requestHeaderModifier' | 'responseHeaderModifier',
): HeaderChangesIr {
  const said = filters.map((filter) => filter[type]).filter((filter) => filter !== undefined);
  return {
    set: said.flatMap((filter: HTTPHeaderFilter) => (filter.set ?? []).map(lowerCase)),
    add: said.flatMap((filter: HTTPHeaderFilter) => (filter.add ?? []).map(lowerCase)),
    remove: said.flatMap((filter: HTTPHeaderFilter) => (filter.remove ?? []).map((name) => name.toLowerCase())),
  };
}

function lowerCase({ name, value }: HTTPHeader): HeaderIr {
  return { name: name.toLowerCase(), value };
}
