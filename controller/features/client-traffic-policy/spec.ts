import type { ClientTrafficPolicy, ClientTrafficPolicySpec } from '#controller/api/gen/types.d.ts';
import type { ClientSocketIr } from '../../ir/client-traffic.ts';
import { milliseconds } from '../../resources/duration.ts';
import { Problems } from '../../resources/problems.ts';
import { parseQuantity } from '../../resources/quantity.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { translateKeepalive } from '../connection/spec.ts';
import type { Settings } from '../../settings.ts';
import type { PolicyOutcome, RefusedOutcome } from '../policy-outcome.ts';
import { translateClientHttp } from './client-http.ts';
import { resolveClientTls } from './client-tls.ts';
import { sharedPort } from './shared-port.ts';

/**
 * What a ClientTrafficPolicy says of how clients of its listeners are talked to. One that cannot be enforced closes them when
 * it would stop clients, or says who they are; else nothing of it is in force.
 */
export function resolveClientTrafficPolicy(
  policy: ClientTrafficPolicy,
  resources: Resources,
  settings: Pick<Settings, 'envoyProxy'>,
): PolicyOutcome {
  const { metadata, spec } = policy;
  const open = !guards(spec);
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { kind: 'refused', refusal: missing, open };
  const problems = new Problems();
  const client = {
    socket: socketOf(spec, problems),
    http: translateClientHttp(spec, problems),
    tls: resolveClientTls(policy, resources, problems),
    stream: { idleTimeout: milliseconds(spec.timeout?.tcp?.idleTimeout) },
  };
  const wrong = sharedPort(policy, resources, settings) ?? problemOf(problems);
  if (wrong === undefined) return { kind: 'features', features: {}, client };
  const message = `ClientTrafficPolicy ${metadata.namespace}/${metadata.name}: ${wrong}`;
  return { kind: 'refused', refusal: { reason: 'Invalid', message }, open };
}

/**
 * What a policy comes to on routes that its selectors select: their schema takes every kind, while connections are there before
 * a route is. Envoy Gateway passes over such a selector; here the status says so.
 */
export function onSelectedRoutes({ spec }: ClientTrafficPolicy): RefusedOutcome {
  return guards(spec) ? CLOSED_ROUTES : OPEN_ROUTES;
}

const OPEN_ROUTES = onRoutes('nothing of the policy is in force on them', true);
const CLOSED_ROUTES = onRoutes('requests to them are answered with 500', false);

function onRoutes(consequence: string, open: boolean): RefusedOutcome {
  const message = `spec.targetSelectors: found routes, accepted are Gateways and ListenerSets; ${consequence}`;
  return { kind: 'refused', refusal: { reason: 'Invalid', message }, open };
}

/** Whether something would be let in without the policy that is not with it, or not as it is. */
function guards({ tls, clientIPDetection, headers, path }: ClientTrafficPolicySpec): boolean {
  return [tls?.clientValidation, clientIPDetection, headers, path].some((part) => part !== undefined);
}

function problemOf(problems: Problems): string | undefined {
  const text = problems.toString();
  return text === '' ? undefined : `spec.${text}`;
}

/** What a socket option holds: an `int` of C. */
const LARGEST_INT = 2 ** 31 - 1;

function socketOf(spec: ClientTrafficPolicySpec, problems: Problems): ClientSocketIr {
  const { tcpKeepalive, connection, enableProxyProtocol, proxyProtocol, timeout } = spec;
  const { bufferLimit, socketBufferLimit, maxAcceptPerSocketEvent } = connection ?? {};
  const bytes = (quantity: typeof bufferLimit, field: string, most?: number): number | undefined =>
    quantity === undefined ? undefined : problems.within(parseQuantity(quantity), `connection.${field}`, 1, most);
  const hasProxyProtocol = proxyProtocol !== undefined || enableProxyProtocol === true;
  return {
    tcpKeepalive: tcpKeepalive === undefined ? undefined : translateKeepalive(tcpKeepalive, problems),
    bufferLimit: bytes(bufferLimit, 'bufferLimit'),
    socketBufferLimit: bytes(socketBufferLimit, 'socketBufferLimit', LARGEST_INT),
    maxAcceptPerEvent: maxAcceptPerSocketEvent === 1 ? undefined : maxAcceptPerSocketEvent,
    proxyProtocol: hasProxyProtocol ? { optional: proxyProtocol?.optional ?? false } : undefined,
    inspectionTimeout: milliseconds(timeout?.tcp?.connectionInspectionTimeout),
  };
}
