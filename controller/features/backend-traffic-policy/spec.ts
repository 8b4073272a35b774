import type { BackendTrafficPolicy, BackendTrafficPolicySpec } from '#controller/api/gen/types.d.ts';
import type { ClusterSettingsIr } from '../../ir/cluster-settings.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import { Problems } from '../../resources/problems.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { translateCircuitBreaker } from '../circuit-breaker/spec.ts';
import { translateConnection } from '../connection/spec.ts';
import { translateHealthCheck } from '../health-check/spec.ts';
import { hashesOf, translateLoadBalancer } from '../load-balancer/spec.ts';
import { closing, type PolicyOutcome } from '../policy-outcome.ts';
import { translateRateLimit } from '../rate-limit/spec.ts';
import { translateRetry } from '../retry/spec.ts';
import { translateConnectionTimeouts, translateRouteTimeouts } from '../timeout/spec.ts';

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
  const features = featuresOf(policy, settings, problems);
  const wrong = problems.toString();
  const object = `BackendTrafficPolicy ${metadata.namespace}/${metadata.name}`;
  return closing(wrong === '' ? success(features) : refusal('Invalid', `${object}: spec.${wrong}`), resources);
}

function featuresOf({ metadata, spec }: BackendTrafficPolicy, settings: Settings, problems: Problems): RouteFeaturesIr {
  const backend = backendSettings(spec, problems);
  const { loadBalancer, timeout, retry, rateLimit } = spec;
  const hashes = loadBalancer === undefined ? undefined : hashesOf(loadBalancer);
  return {
    ...(saysSomething(backend) ? { backend } : {}),
    ...(hashes === undefined ? {} : { hashes }),
    ...(timeout === undefined ? {} : { timeouts: translateRouteTimeouts(timeout) }),
    ...(retry === undefined ? {} : { retry: translateRetry(retry, problems) }),
    ...(rateLimit === undefined ? {} : { rateLimit: translateRateLimit(rateLimit, metadata, settings, problems) }),
  };
}

function backendSettings(spec: BackendTrafficPolicySpec, problems: Problems): ClusterSettingsIr {
  const { loadBalancer, circuitBreaker, timeout, healthCheck, retry } = spec;
  return {
    loadBalancer: loadBalancer === undefined ? undefined : translateLoadBalancer(loadBalancer, problems),
    circuitBreaker:
      circuitBreaker === undefined
        ? retry && { maxRetries: DEFAULT_MAX_RETRIES }
        : translateCircuitBreaker(circuitBreaker, problems),
    ...(timeout === undefined ? {} : translateConnectionTimeouts(timeout, problems)),
    healthCheck: healthCheck === undefined ? undefined : translateHealthCheck(healthCheck, problems),
    ...translateConnection(spec, problems),
  };
}

/** As many retries as requests: when many pods restart at once, Envoy's default of 3 would not do. */
const DEFAULT_MAX_RETRIES = 1024;

function saysSomething(settings: object): boolean {
  return Object.values(settings).some((value) => value !== undefined);
}
