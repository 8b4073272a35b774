import type { CorsIr } from '../../ir/cors.ts';
import { any, type Init } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

/**
 * Envoy's CORS filter, which answers preflight requests by itself and adds to other answers what a browser needs to show
 * them (envoy.extensions.filters.http.cors.v3).
 */
export const corsFilter: NativeFilter = {
  name: 'envoy.filters.http.cors',
  config: () => any('envoy.extensions.filters.http.cors.v3.Cors', {}),
  perRoute: ({ cors }) => (cors === undefined ? undefined : any(CORS_POLICY, corsPolicy(cors))),
};

const CORS_POLICY = 'envoy.extensions.filters.http.cors.v3.CorsPolicy';

function corsPolicy(ir: CorsIr): Init<typeof CORS_POLICY> {
  return {
    allowOriginStringMatch: ir.allowOrigins.map((origin) => ({
      matchPattern: origin.includes('*')
        ? { case: 'safeRegex', value: { regex: pattern(origin) } }
        : { case: 'exact', value: origin },
    })),
    allowMethods: list(ir.allowMethods),
    allowHeaders: list(ir.allowHeaders),
    exposeHeaders: ir.exposeHeaders.join(', '),
    maxAge: ir.maxAge === undefined ? '' : String(ir.maxAge),
    allowCredentials: ir.allowCredentials,
    // A preflight of another origin is answered, without leave, and never reaches a back-end.
    forwardNotMatchingPreflights: false,
  };
}

/** Envoy knows "*" only where it stands alone. */
function list(names: readonly string[]): string {
  return names.includes('*') ? '*' : names.join(', ');
}

/** An origin as a regular expression (RE2), of which `*` matches any text and everything else itself. */
function pattern(origin: string): string {
  return origin
    .split('*')
    .map((text) => text.replaceAll(/[\\^$.+?()[\]{}|]/gu, '\\$&'))
    .join('.*');
}
