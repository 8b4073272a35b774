import type { HTTPExternalAuthFilter } from '#controller/api/gen/types.d.ts';
import { resolveBackend } from '../backends/resolve.ts';
import type { ExternalAuthIr } from '../ir/external-auth.ts';
import { type Outcome, success } from '../resources/verdict.ts';
import type { FilterContext } from './rule-filters.ts';

/** Resolves a filter of type ExternalAuth (Gateway API, `HTTPExternalAuthFilter`, GEP-1494). */
export function externalAuthOf(
  { protocol, backendRef, grpc, http, forwardBody }: HTTPExternalAuthFilter,
  { from, resources, settings }: FilterContext,
): Outcome<ExternalAuthIr> {
  const isGrpc = protocol === 'GRPC';
  const found = resolveBackend(backendRef, from, resources, settings, isGrpc ? 'http2' : undefined);
  if (!found.ok) return found;
  return success({
    cluster: found.value,
    service: isGrpc
      ? { kind: 'grpc' }
      : {
          kind: 'http',
          pathPrefix: http?.path ?? '',
          pathOverride: undefined,
          // None stands for all.
          toRequest:
            (http?.allowedResponseHeaders ?? []).length === 0 ? 'all' : lowerCase(http?.allowedResponseHeaders),
        },
    headers: lowerCase(isGrpc ? grpc?.allowedHeaders : http?.allowedHeaders),
    maxBody: forwardBody?.maxSize ?? 0,
    timeout: undefined,
    failOpen: false,
    recomputesRoute: false,
    statusOnError: undefined,
    context: new Map(),
  });
}

function lowerCase(names: readonly string[] = []): readonly string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}
