import type { StreamBackendRef } from '#controller/api/gen/types.d.ts';
import { resolveBackend, type Spoken } from '../backends/resolve.ts';
import type { StreamDestinationIr } from '../ir/listener.ts';
import type { Resources } from '../resources/resources.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { closedCore } from './closed-route.ts';
import type { RouteCore, StreamRoute } from './route-core.ts';

/**
 * Resolves a TLSRoute, TCPRoute or UDPRoute. In Gateway API v1 each has one rule; older versions may have several, between
 * which nothing decides: those of a TLSRoute are taken together, and nothing else is served by several.
 */
export function streamCore(route: StreamRoute, resources: Resources, settings: Settings): RouteCore {
  const refused = severalRules(route);
  if (refused !== undefined) return closedCore(route, refused);
  const problems: Refusal[] = [];
  const refs = route.spec.rules.flatMap(({ backendRefs }) => backendRefs).filter(({ weight }) => weight > 0);
  const destinationsOf = (spoken: Spoken): readonly StreamDestinationIr[] =>
    refs.map((ref) => destinationOf(route, ref, { spoken, problems, resources, settings }));
  const destinations = destinationsOf(route.kind === 'UDPRoute' ? 'udp' : 'tcp');
  const untouched = route.kind === 'TLSRoute' ? destinationsOf('tls') : destinations;
  return { kind: 'stream', route, invalid: undefined, refused, unresolved: problems[0], destinations, untouched };
}

function severalRules({ kind, spec: { rules } }: StreamRoute): Refusal | undefined {
  if (kind === 'TLSRoute' || rules.length === 1) return undefined;
  const message = `spec.rules: found ${rules.length} rules, accepted is one: nothing decides between them`;
  return { reason: 'InvalidRule', message };
}

interface Context {
  readonly spoken: Spoken;
  /** Takes why a reference leads nowhere. */
  readonly problems: Refusal[];
  readonly resources: Resources;
  readonly settings: Settings;
}

function destinationOf(
  { kind, metadata: { namespace } }: StreamRoute,
  ref: StreamBackendRef,
  { spoken, problems, resources, settings }: Context,
): StreamDestinationIr {
  const { weight } = ref;
  const from = { group: 'gateway.networking.k8s.io', kind, namespace };
  const found = resolveBackend(ref, from, resources, settings, spoken);
  if (found.ok) return { kind: 'cluster', weight, cluster: found.value };
  problems.push(found.refusal);
  return { kind: 'invalid', weight };
}
