import type { HTTPRouteRule } from '#controller/api/gen/types.d.ts';
import type { ClusterSettingsIr } from '../ir/cluster-settings.ts';
import type { CorsIr } from '../ir/cors.ts';
import type { CredentialIr } from '../ir/credential.ts';
import type { ExternalAuthIr } from '../ir/external-auth.ts';
import type { PathMatchIr, RouteFeaturesIr } from '../ir/route.ts';
import type { SessionIr } from '../ir/session.ts';
import type { RetryIr } from '../ir/traffic.ts';
import { milliseconds } from '../resources/duration.ts';
import { sessionAt } from './session-persistence.ts';

/** What a rule says of what policies may say, too; what it says goes before what they say. Milliseconds. */
export interface RuleFeatures {
  readonly cors: CorsIr | undefined;
  readonly requestTimeout: number | undefined;
  /** Of one attempt to send the request to a back-end. */
  readonly attemptTimeout: number | undefined;
  readonly retry: RetryIr | undefined;
  readonly session: SessionIr | undefined;
  readonly externalAuth: ExternalAuthIr | undefined;
  readonly credential: CredentialIr | undefined;
  /** Whether its requests are gRPC calls: they may last, and may come as gRPC-Web. */
  readonly calls: true | undefined;
}

/** Reads `timeouts` and `retry` of a rule (Gateway API, GEP-1742 and GEP-1731). */
export function trafficOf({
  timeouts,
  retry,
}: Pick<HTTPRouteRule, 'timeouts' | 'retry'>): Pick<RuleFeatures, 'requestTimeout' | 'attemptTimeout' | 'retry'> {
  return {
    requestTimeout: milliseconds(timeouts?.request),
    attemptTimeout: milliseconds(timeouts?.backendRequest),
    retry: retry === undefined ? undefined : retryOf(retry),
  };
}

/**
 * Envoy's words for what is tried again besides status codes: a connection that fails or breaks, and an attempt that takes too
 * long (GEP-1731: implementations should retry on connection errors).
 */
const RETRIED_FOR = [
  'connect-failure',
  'refused-stream',
  'reset',
  'unavailable',
  'cancelled',
  'retriable-status-codes',
] as const;

function retryOf({ attempts, codes, backoff }: NonNullable<HTTPRouteRule['retry']>): RetryIr {
  const base = milliseconds(backoff);
  return {
    numRetries: attempts,
    triggers: RETRIED_FOR,
    statusCodes: codes?.length === 0 ? undefined : codes,
    // Envoy takes no wait of 0, and at most ten times the first wait by itself.
    backOff: base === undefined ? undefined : { base: Math.max(1, base), max: undefined },
  };
}

/** As many retries as requests: when many pods restart at once, Envoy's default of 3 would not do. */
const RETRIED: ClusterSettingsIr = { circuitBreaker: { maxRetries: 1024 } };

/** The settings of back-ends to which a rule sends requests again; the same object for the same input. */
function retried(settings: ClusterSettingsIr | undefined): ClusterSettingsIr {
  if (settings === undefined) return RETRIED;
  const known = retriedSettings.get(settings) ?? {
    ...settings,
    circuitBreaker: settings.circuitBreaker ?? RETRIED.circuitBreaker,
  };
  retriedSettings.set(settings, known);
  return known;
}

const retriedSettings = new WeakMap<ClusterSettingsIr, ClusterSettingsIr>();

/** What policies add to a route of a rule with this path, and what the rule says itself. */
export function withRule(policies: RouteFeaturesIr, rule: RuleFeatures, path: PathMatchIr): RouteFeaturesIr {
  const { cors, requestTimeout, attemptTimeout, session, externalAuth, credential, calls } = rule;
  if (Object.values(rule).every((value) => value === undefined)) return policies;
  const retry = rule.retry ?? policies.retry;
  // Without a retry there is one attempt.
  const request = retry === undefined ? (attemptTimeout ?? requestTimeout) : requestTimeout;
  const perTry = attemptTimeout === undefined ? {} : { perTryTimeout: attemptTimeout };
  return {
    ...policies,
    ...(cors === undefined ? {} : { cors }),
    ...(calls === undefined
      ? {}
      : { grpcWeb: calls, timeouts: { ...policies.timeouts, request: policies.timeouts?.request ?? 0 } }),
    ...(session === undefined ? {} : { session: sessionAt(session, path) }),
    ...(externalAuth === undefined ? {} : { externalAuth }),
    ...(credential === undefined ? {} : { credential }),
    ...(request === undefined ? {} : { timeouts: { ...policies.timeouts, request } }),
    ...(retry === undefined ? {} : { retry: { ...retry, ...perTry } }),
    ...(rule.retry === undefined ? {} : { backend: retried(policies.backend) }),
  };
}
