import type { ClientTrafficPolicy, ClientTrafficPolicySpec } from '#controller/api/gen/types.d.ts';
import type { ClientSocketIr } from '../../ir/client-traffic.ts';
import { milliseconds } from '../../resources/duration.ts';
import { Problems } from '../../resources/problems.ts';
import { parseQuantity } from '../../resources/quantity.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { targetsOf } from '../../policies/targets.ts';
import { translateKeepalive } from '../connection/spec.ts';
import type { PolicyOutcome } from '../policy-outcome.ts';
import { translateClientHttp } from './client-http.ts';
import { resolveClientTls } from './client-tls.ts';

/**
 * What a ClientTrafficPolicy says of how clients of its listeners are talked to. One that cannot be enforced closes them when
 * it would stop clients, or says who they are; else nothing of it is in force.
 */
export function resolveClientTrafficPolicy(policy: ClientTrafficPolicy, resources: Resources): PolicyOutcome {
  const { metadata, spec } = policy;
  const open = !guards(spec);
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { kind: 'refused', refusal: missing, open };
  const problems = new Problems();
  const client = {
    socket: socketOf(spec, problems),
    http: translateClientHttp(spec, problems),
    tls: resolveClientTls(policy, resources, problems),
  };
  const wrong = sharedPort(policy, resources) ?? problemOf(problems);
  if (wrong === undefined) return { kind: 'features', features: {}, client };
  const message = `ClientTrafficPolicy ${metadata.namespace}/${metadata.name}: ${wrong}`;
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

function socketOf(spec: ClientTrafficPolicySpec, problems: Problems): ClientSocketIr {
  const { tcpKeepalive, connection, enableProxyProtocol, proxyProtocol, timeout } = spec;
  const { bufferLimit, maxAcceptPerSocketEvent } = connection ?? {};
  const hasProxyProtocol = proxyProtocol !== undefined || enableProxyProtocol === true;
  return {
    tcpKeepalive: tcpKeepalive === undefined ? undefined : translateKeepalive(tcpKeepalive, problems),
    bufferLimit:
      bufferLimit === undefined ? undefined : problems.within(parseQuantity(bufferLimit), 'connection.bufferLimit', 1),
    maxAcceptPerEvent: maxAcceptPerSocketEvent === 1 ? undefined : maxAcceptPerSocketEvent,
    proxyProtocol: hasProxyProtocol ? { optional: proxyProtocol?.optional ?? false } : undefined,
    inspectionTimeout: milliseconds(timeout?.tcp?.connectionInspectionTimeout),
  };
}

/** Listeners of plaintext that share a port share their connections: a policy cannot be for one of them alone. */
function sharedPort(policy: ClientTrafficPolicy, resources: Resources): string | undefined {
  for (const { kind, namespace, name, sectionName } of targetsOf(policy, resources)) {
    const listeners = kind === 'Gateway' ? (resources.get('Gateway', namespace, name)?.spec.listeners ?? []) : [];
    const own = listeners.find((listener) => listener.name === sectionName);
    if (own?.protocol !== 'HTTP') continue;
    const others = listeners.filter((other) => other !== own && other.port === own.port && other.protocol === 'HTTP');
    if (others.length > 0) {
      const names = others.map((other) => other.name).join(', ');
      return `spec.targetRefs: listener ${own.name} shares port ${own.port} with ${names}: target the Gateway instead`;
    }
  }
  return undefined;
}
