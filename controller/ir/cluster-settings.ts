/**
 * How a back-end is talked to, where a policy says so: part of the cluster's name, so that back-ends are shared by all who
 * say the same. Times are milliseconds, sizes bytes; what is not there is Envoy's or our default.
 */
export interface ClusterSettingsIr {
  readonly loadBalancer?: LoadBalancerIr | undefined;
  readonly circuitBreaker?: CircuitBreakerIr | undefined;
  readonly connectTimeout?: number | undefined;
  /** Until a connection without a request is closed. */
  readonly connectionIdleTimeout?: number | undefined;
  readonly maxConnectionDuration?: number | undefined;
  readonly healthCheck?: HealthCheckIr | undefined;
  readonly tcpKeepalive?: TcpKeepaliveIr | undefined;
  /** The PROXY protocol that tells the client's address. */
  readonly proxyProtocol?: 'V1' | 'V2' | undefined;
  readonly bufferLimit?: number | undefined;
  readonly preconnect?: PreconnectIr | undefined;
  readonly dns?: DnsIr | undefined;
  readonly http2?: Http2Ir | undefined;
  readonly admissionControl?: AdmissionControlIr | undefined;
  /** Whether requests go on in the version of HTTP in which they came. */
  readonly useClientProtocol?: true | undefined;
}

/** Which endpoint a request goes to. */
export interface LoadBalancerIr {
  readonly algorithm: BalancingIr;
  /** Headers that name the endpoint, in order; the algorithm chooses where none does. */
  readonly endpointHeaders: readonly string[];
}

/** How endpoints are chosen. */
export type BalancingIr =
  /** `slowStart`: how long a new endpoint gets fewer requests. */
  | { readonly kind: 'leastRequest' | 'roundRobin'; readonly slowStart: number | undefined }
  | { readonly kind: 'random' }
  /** By a hash of the request: the route says of what. */
  | { readonly kind: 'hash'; readonly tableSize: number }
  /** By the utilization that endpoints report (ORCA). */
  | { readonly kind: 'utilization'; readonly slowStart: number | undefined; readonly report: UtilizationIr };

/** How reports of utilization become weights. */
export interface UtilizationIr {
  readonly blackoutPeriod: number | undefined;
  readonly weightExpirationPeriod: number | undefined;
  readonly weightUpdatePeriod: number | undefined;
  /** Share of errors that counts as full utilization: 1 is an error for each request. */
  readonly errorPenalty: number | undefined;
  readonly metrics: readonly string[];
  /** Whether clients, too, get the headers in which back-ends report. */
  readonly keepsHeaders: boolean;
  /** Reports on a stream of their own instead of in responses. */
  readonly outOfBand:
    | {
        readonly period: number | undefined;
        readonly port: number | undefined;
        readonly authority: string | undefined;
      }
    | undefined;
}

/** What may be under way to a back-end at one time; further requests are answered with 503. */
export interface CircuitBreakerIr {
  readonly maxConnections?: number | undefined;
  readonly maxPendingRequests?: number | undefined;
  readonly maxRequests?: number | undefined;
  readonly maxRetries: number;
  readonly maxConnectionsPerEndpoint?: number | undefined;
  /** After how many requests a connection is closed. */
  readonly maxRequestsPerConnection?: number | undefined;
  /** Retries as a percentage of requests, instead of `maxRetries`. */
  readonly retryBudget?: { readonly percent: number; readonly minRetryConcurrency: number } | undefined;
}

/** TCP keep-alive probes; seconds. */
export interface TcpKeepaliveIr {
  readonly probes?: number | undefined;
  readonly idleTime?: number | undefined;
  readonly interval?: number | undefined;
}

/** Connections that are made ahead, as a multiple of those in need. */
export interface PreconnectIr {
  readonly perEndpoint?: number | undefined;
  readonly predictive?: number | undefined;
}

/** How host names are resolved. */
export interface DnsIr {
  readonly refreshRate?: number | undefined;
  readonly respectTtl?: boolean | undefined;
  readonly lookupFamily?: 'v4' | 'v6' | 'v4Preferred' | 'auto' | 'all' | undefined;
}

/** HTTP/2 on connections to the back-end. */
export interface Http2Ir {
  readonly initialStreamWindowSize?: number | undefined;
  readonly initialConnectionWindowSize?: number | undefined;
  readonly maxConcurrentStreams?: number | undefined;
  /** Whether an invalid message ends its stream alone, and not the connection. */
  readonly endsStreamOnInvalidMessage?: boolean | undefined;
  readonly keepalive?: Http2KeepaliveIr | undefined;
}

/** PING frames. */
export interface Http2KeepaliveIr {
  readonly interval?: number | undefined;
  readonly timeout: number;
  /** Percent. */
  readonly intervalJitter?: number | undefined;
  readonly idleInterval?: number | undefined;
}

/** How endpoints are found unhealthy. */
export interface HealthCheckIr {
  readonly active?: ActiveHealthCheckIr | undefined;
  readonly passive?: OutlierDetectionIr | undefined;
  /** Below this percentage of healthy endpoints all get requests. */
  readonly panicThreshold?: number | undefined;
}

/** Probes. */
export interface ActiveHealthCheckIr {
  readonly timeout: number;
  readonly interval: number;
  readonly initialJitter?: number | undefined;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  readonly probe: ProbeIr;
  /** Another port of the endpoint to be probed. */
  readonly port?: number | undefined;
  readonly log?: HealthCheckLogIr | undefined;
}

/** Methods that probes may have. */
export type ProbeMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'TRACE' | 'PATCH';

/** What is sent, and what must come back. */
export type ProbeIr =
  | {
      readonly kind: 'http';
      /** `undefined` until the route is known whose host name it is. */
      readonly host: string | undefined;
      readonly path: string;
      readonly method: ProbeMethod;
      readonly expectedStatuses: readonly number[];
      readonly retriableStatuses: readonly number[];
      readonly receive: string | undefined;
      readonly send: string | undefined;
    }
  /** Bytes in hexadecimal. */
  | { readonly kind: 'tcp'; readonly send: string | undefined; readonly receive: string | undefined }
  | { readonly kind: 'grpc'; readonly service: string };

/** Where outcomes of probes are logged. */
export interface HealthCheckLogIr {
  readonly allFailures: boolean;
  readonly allSuccesses: boolean;
  readonly file: string | undefined;
}

/** Endpoints that answer badly get no requests for a while. */
export interface OutlierDetectionIr {
  readonly interval: number;
  readonly baseEjectionTime: number;
  readonly splitErrors: boolean;
  readonly consecutiveLocalOriginFailures: number;
  readonly consecutiveGatewayErrors?: number | undefined;
  readonly consecutive5xx: number;
  readonly maxEjectionPercent: number;
  readonly failurePercentageThreshold?: number | undefined;
  readonly alwaysEjectOne: boolean;
}

/** Requests are refused by chance while too few of them succeed. What is not there is Envoy's default. */
export interface AdmissionControlIr {
  readonly samplingWindow: number | undefined;
  /** Percent. */
  readonly minSuccessRate: number | undefined;
  readonly aggression: number | undefined;
  /** Requests a second below which none is refused. */
  readonly minRequestRate: number | undefined;
  readonly maxRejectionPercent: number | undefined;
  readonly httpSuccess: readonly number[];
  readonly grpcSuccess: readonly number[];
}
