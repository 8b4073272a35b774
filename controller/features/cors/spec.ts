import type { CORS } from '#controller/api/gen/types.d.ts';
import type { CorsIr } from '../../ir/cors.ts';
import { parseDuration } from '../../resources/duration.ts';

/** Translates `cors` of a SecurityPolicy. */
export function translateCors(spec: CORS): CorsIr {
  return {
    allowOrigins: spec.allowOrigins ?? [],
    allowMethods: spec.allowMethods ?? [],
    allowHeaders: spec.allowHeaders ?? [],
    exposeHeaders: spec.exposeHeaders ?? [],
    maxAge: spec.maxAge === undefined ? undefined : Math.floor(parseDuration(spec.maxAge) / 1000),
    allowCredentials: spec.allowCredentials ?? false,
  };
}
