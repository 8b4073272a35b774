import type { BackendTrafficPolicy, BackendTrafficPolicySpec } from '#controller/api/gen/types.d.ts';
import type { ClusterSettingsIr } from '../../ir/cluster-settings.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import { Problems } from '../../resources/problems.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { refusal } from '../../resources/verdict.ts';
import { parseQuantity } from '../../resources/quantity.ts';
import { translateAdmissionControl } from '../admission-control/spec.ts';
import { saysSomething, translateBackendSettings } from '../backend-settings/spec.ts';
import { translateBandwidth } from '../bandwidth-limit/spec.ts';
import type { Settings } from '../../settings.ts';
import { translateCompressors } from '../compressor/spec.ts';
import { translateFault } from '../fault/spec.ts';
import { hashesOf } from '../load-balancer/spec.ts';
import { closing, type PolicyOutcome } from '../policy-outcome.ts';
import { readable } from '../policy-message.ts';
import { translateRateLimit } from '../rate-limit/spec.ts';
import { resolveResponseOverrides } from '../response-override/spec.ts';
import { translateRetry } from '../retry/spec.ts';
import { translateStatName } from './stat-name.ts';
import { translateRouteTimeouts } from '../timeout/spec.ts';

/**
 * What a BackendTrafficPolicy adds to a route. One that is not implemented in every part adds nothing, and closes its targets
 * when a part of it would stop requests; one that says what cannot be closes them always.
 */
export function resolveBackendTrafficPolicy(
  policy: BackendTrafficPolicy,
  resources: Resources,
  settings: Settings,
): PolicyOutcome {
  const { metadata, spec } = policy;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { kind: 'refused', refusal: missing, open: spec.rateLimit === undefined };
  const problems = new Problems();
  const features = featuresOf({ policy, resources, settings, problems });
  const wrong = problems.toString();
  const object = `BackendTrafficPolicy ${metadata.namespace}/${metadata.name}`;
  return closing(wrong === '' ? readable(features, object) : refusal('Invalid', `${object}: spec.${wrong}`), resources);
}

interface Task {
  readonly policy: BackendTrafficPolicy;
  readonly resources: Resources;
  readonly settings: Settings;
  readonly problems: Problems;
}

function featuresOf({ policy, resources, settings, problems }: Task): RouteFeaturesIr {
  const { spec } = policy;
  const backend = backendSettings(spec, problems);
  const { loadBalancer, timeout, retry, rateLimit, faultInjection, bandwidthLimit, httpUpgrade } = spec;
  const hashes = loadBalancer === undefined ? undefined : hashesOf(loadBalancer);
  const compressors = translateCompressors(spec.compressor, spec.compression, problems);
  const responseOverrides = resolveResponseOverrides(policy, resources, problems);
  const requestBuffer = bytesOf(spec.requestBuffer?.limit, problems);
  const statName = translateStatName(spec.telemetry?.metrics?.routeStatName, problems);
  const upgrades = (httpUpgrade ?? []).map(({ type, connect }) => ({ type, terminate: connect?.terminate ?? false }));
  if (requestBuffer !== undefined && upgrades.length > 0) {
    problems.add('requestBuffer', 'found beside httpUpgrade, accepted is one of them');
  }
  return {
    ...(saysSomething(backend) ? { backend } : {}),
    ...(hashes === undefined ? {} : { hashes }),
    ...(timeout === undefined ? {} : { timeouts: translateRouteTimeouts(timeout) }),
    ...(retry === undefined ? {} : { retry: translateRetry(retry, problems) }),
    ...(rateLimit === undefined ? {} : { rateLimit: translateRateLimit(rateLimit, policy, settings, problems) }),
    ...(faultInjection === undefined ? {} : { fault: translateFault(faultInjection, problems) }),
    ...(bandwidthLimit === undefined ? {} : { bandwidth: translateBandwidth(bandwidthLimit, problems) }),
    ...(compressors.length === 0 ? {} : { compressors }),
    ...(responseOverrides.length === 0 ? {} : { responseOverrides }),
    ...(requestBuffer === undefined ? {} : { requestBuffer }),
    ...(upgrades.length === 0 ? {} : { upgrades }),
    ...(statName === undefined ? {} : { statName }),
  };
}

function bytesOf(limit: string | number | undefined, problems: Problems): number | undefined {
  return limit === undefined ? undefined : problems.within(parseQuantity(limit), 'requestBuffer.limit', 1);
}

function backendSettings(spec: BackendTrafficPolicySpec, problems: Problems): ClusterSettingsIr {
  const { admissionControl, useClientProtocol } = spec;
  return {
    ...translateBackendSettings(spec, problems),
    admissionControl:
      admissionControl === undefined ? undefined : translateAdmissionControl(admissionControl, problems),
    useClientProtocol: useClientProtocol === true ? true : undefined,
  };
}
