import type { EnvoyGateway, EnvoyGatewayOpenTelemetrySink } from '../api/gen/types.d.ts';
import type { FieldPath } from '../api/field-path.ts';
import { milliseconds } from '../resources/duration.ts';

/** A collector of OpenTelemetry that is sent to, in the clear. */
export interface Collector {
  readonly protocol: 'grpc' | 'http';
  readonly host: string;
  readonly port: number;
  /** From one export to the next, and how long one may take. Milliseconds. */
  readonly interval: number;
  readonly timeout: number;
}

/** What the controller tells of itself (EnvoyGateway `telemetry`). */
export interface TelemetrySettings {
  /** Whether `/metrics` is served (`metrics.prometheus.disable`). */
  readonly prometheus: boolean;
  /** Where metrics are sent to (`metrics.sinks`). */
  readonly sinks: readonly Collector[];
  /** Where spans are sent to, and of how many traces: 0 to 1 (`traces`). */
  readonly traces: { readonly collector: Collector; readonly ratio: number } | undefined;
}

/** What is told where nothing is said. */
export const DEFAULT_TELEMETRY: TelemetrySettings = { prometheus: true, sinks: [], traces: undefined };

/** Those of the OpenTelemetry SDK for metrics (OTEL_METRIC_EXPORT_INTERVAL, _TIMEOUT). */
const METRICS_PACE = { interval: 60_000, timeout: 30_000 } as const;
/** Those of the OpenTelemetry SDK for spans (OTEL_BSP_SCHEDULE_DELAY, OTEL_BSP_EXPORT_TIMEOUT). */
const SPANS_PACE = { interval: 5_000, timeout: 30_000 } as const;
/** More often costs more than it tells. Milliseconds. */
const SHORTEST = 100;

type Pace = typeof METRICS_PACE | typeof SPANS_PACE;
type Refuse = (path: FieldPath, message: string) => void;

/** Reads `telemetry`. */
export function telemetrySettings(telemetry: EnvoyGateway['telemetry'], refuse: Refuse): TelemetrySettings {
  const { metrics, traces } = telemetry ?? {};
  return {
    prometheus: metrics?.prometheus?.disable !== true,
    sinks: (metrics?.sinks ?? []).flatMap(
      ({ openTelemetry }, index) =>
        collectorOf(openTelemetry, METRICS_PACE, ['telemetry', 'metrics', 'sinks', index], refuse) ?? [],
    ),
    traces: traces === undefined ? undefined : tracesOf(traces, refuse),
  };
}

type Traces = NonNullable<NonNullable<EnvoyGateway['telemetry']>['traces']>;

function tracesOf({ sink, samplingRate }: Traces, refuse: Refuse): TelemetrySettings['traces'] {
  const collector = collectorOf(sink?.openTelemetry, SPANS_PACE, ['telemetry', 'traces', 'sink'], refuse);
  if (collector === undefined) return undefined;
  if (samplingRate === undefined) return { collector, ratio: 1 };
  return { collector, ratio: Math.min(1, samplingRate.numerator / samplingRate.denominator) };
}

function collectorOf(
  sink: EnvoyGatewayOpenTelemetrySink | undefined,
  pace: Pace,
  at: FieldPath,
  refuse: Refuse,
): Collector | undefined {
  if (sink === undefined) {
    refuse([...at, 'openTelemetry'], 'found nothing, accepted is the host, port and protocol of a collector');
    return undefined;
  }
  const time = (field: 'exportInterval' | 'exportTimeout', otherwise: number): number => {
    const told = milliseconds(sink[field]) ?? otherwise;
    if (told < SHORTEST) {
      refuse([...at, 'openTelemetry', field], `found ${sink[field]}, accepted is at least ${SHORTEST}ms`);
    }
    return told;
  };
  const interval = time('exportInterval', pace.interval);
  // The SDK takes no time-out that is longer than the interval.
  const timeout = Math.min(interval, time('exportTimeout', pace.timeout));
  const { protocol, host, port } = sink;
  return { protocol, host, port, interval, timeout };
}
