import type { HTTPRequestRedirectFilter } from '#controller/api/gen/types.d.ts';
import type { RedirectIr } from '../ir/route.ts';
import { pathChange } from './url-rewrite.ts';
import { WELL_KNOWN_PORTS } from './well-known-ports.ts';

/** Where a filter of type RequestRedirect leads. */
export function redirectOf(filter: HTTPRequestRedirectFilter): RedirectIr {
  return {
    scheme: filter.scheme,
    hostname: filter.hostname,
    // Without a port, that of the scheme; without a scheme either, that of the listener, which `attach` fills in.
    port: filter.port ?? (filter.scheme === undefined ? undefined : WELL_KNOWN_PORTS[filter.scheme]),
    path: pathChange(filter.path),
    status: filter.statusCode,
  };
}
