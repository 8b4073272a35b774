import type { ClusterSettings } from '#controller/api/gen/types.d.ts';
import { clusterWith, settingsFor } from '../../backends/clusters.ts';
import type { ClusterIr } from '../../ir/cluster.ts';
import type { ClusterSettingsIr } from '../../ir/cluster-settings.ts';
import { Problems } from '../../resources/problems.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { translateCircuitBreaker } from '../circuit-breaker/spec.ts';
import { translateConnection } from '../connection/spec.ts';
import { translateHealthCheck } from '../health-check/spec.ts';
import { translateLoadBalancer } from '../load-balancer/spec.ts';
import { translateConnectionTimeouts } from '../timeout/spec.ts';

/** Translates how back-ends are talked to: of a BackendTrafficPolicy, and of `backendSettings` wherever they stand. */
export function translateBackendSettings(spec: ClusterSettings, problems: Problems): ClusterSettingsIr {
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

/** Whether settings differ from none at all. */
export function saysSomething(settings: ClusterSettingsIr): boolean {
  return Object.values(settings).some((value) => value !== undefined);
}

/** The cluster of a back-end called `name`, talked to as `backendSettings` say; messages start with `at`, their field. */
export function clusterAs(
  cluster: ClusterIr,
  spec: ClusterSettings | undefined,
  name: string,
  at: string,
): Outcome<ClusterIr, 'Invalid'> {
  if (spec === undefined) return success(cluster);
  const problems = new Problems();
  const settings = translateBackendSettings(spec, problems);
  const wrong = String(problems);
  if (wrong !== '') return refusal('Invalid', `${at}.${wrong}`);
  return success(saysSomething(settings) ? clusterWith(cluster, settingsFor(settings, name)) : cluster);
}
