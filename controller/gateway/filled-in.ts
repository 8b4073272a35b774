import type { Listener } from '#controller/api/gen/types.d.ts';
import type { RouteFeaturesIr, RuleFeaturesIr } from '../ir/route.ts';
import type { OverridingAnswerIr, ResponseOverrideIr } from '../ir/traffic.ts';
import type { RuleCore } from './http-route.ts';
import type { HttpRoute } from './route-core.ts';
import { isWellKnownPort } from './well-known-ports.ts';

/** Where the routes of a rule are. */
interface Place {
  readonly route: HttpRoute;
  readonly rule: RuleCore;
  readonly listener: Listener;
  /** Of the virtual host. */
  readonly hostname: string;
}

/** What a policy says with blanks that each place fills in; the same object where it leaves none. */
export function filledIn(features: RuleFeaturesIr | undefined, place: Place): RuleFeaturesIr | undefined {
  if (features?.kind !== 'features') return features;
  const { statName, responseOverrides } = features.features;
  if (statName === undefined && responseOverrides === undefined) return features;
  const filled: RouteFeaturesIr = {
    ...features.features,
    ...(statName === undefined ? {} : { statName: nameAt(statName, place) }),
    ...(responseOverrides === undefined ? {} : { responseOverrides: overridesAt(responseOverrides, place) }),
  };
  return { kind: 'features', features: filled };
}

/** What statistics of the routes of a rule are called. */
function nameAt(name: string, { route: { kind, metadata }, rule }: Place): string {
  return name
    .replaceAll('%ROUTE_NAME%', metadata.name)
    .replaceAll('%ROUTE_NAMESPACE%', metadata.namespace)
    .replaceAll('%ROUTE_KIND%', kind)
    .replaceAll('%ROUTE_RULE_NAME%', rule.name ?? '-');
}

function overridesAt(overrides: readonly ResponseOverrideIr[], place: Place): readonly ResponseOverrideIr[] {
  return overrides.map((override) => ({ ...override, answer: answerAt(override.answer, place) }));
}

/**
 * Where a redirect names no port it has that of its scheme, or of the listener where it names a host alone; one that the
 * scheme implies is left out (Envoy Gateway API, `CustomRedirect.port`). The host of a virtual host that has just one is
 * written out: what clients ask for may have a port.
 */
function answerAt(answer: OverridingAnswerIr, { listener, hostname: own }: Place): OverridingAnswerIr {
  if (answer.kind !== 'redirect') return answer;
  const { scheme, hostname } = answer;
  const port = answer.port ?? (scheme === undefined && hostname !== undefined ? listener.port : undefined);
  if (port === undefined && scheme === undefined) return answer;
  const spoken = scheme ?? (listener.protocol === 'HTTPS' ? 'https' : 'http');
  return {
    ...answer,
    scheme: spoken,
    hostname: hostname ?? (own.startsWith('*') ? undefined : own),
    port: isWellKnownPort(port, spoken) ? undefined : port,
  };
}
