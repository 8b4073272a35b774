import type { StreamBackendRef } from '#controller/api/gen/types.d.ts';
import { resolveBackend } from '../backends/resolve.ts';
import type { StreamDestinationIr } from '../ir/listener.ts';
import type { Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import type { StreamCore, StreamRoute } from './route-core.ts';

/** Resolves a TLSRoute, TCPRoute or UDPRoute (Gateway API v1, of which each has one rule). */
export function streamCore(route: StreamRoute, resources: Resources, settings: Settings): StreamCore {
  const rest = { kind: 'stream', route, invalid: undefined } as const;
  const refused = unimplementedFields(route, 'UnsupportedValue');
  if (refused !== undefined) return { ...rest, refused, unresolved: undefined, destinations: [] };
  const problems: Refusal[] = [];
  const destinations = route.spec.rules
    .flatMap(({ backendRefs }) => backendRefs)
    .filter(({ weight }) => weight > 0)
    .map((ref) => destinationOf(route, ref, problems, resources, settings));
  return { ...rest, refused, unresolved: problems[0], destinations };
}

/** `problems` takes why the reference leads nowhere. */
function destinationOf(
  { kind, metadata: { namespace } }: StreamRoute,
  ref: StreamBackendRef,
  problems: Refusal[],
  resources: Resources,
  settings: Settings,
): StreamDestinationIr {
  const { weight } = ref;
  const from = { group: 'gateway.networking.k8s.io', kind, namespace };
  const found = resolveBackend(ref, from, resources, settings, kind === 'UDPRoute' ? 'udp' : 'tcp');
  if (found.ok) return { kind: 'cluster', weight, cluster: found.value };
  problems.push(found.refusal);
  return { kind: 'invalid', weight };
}
