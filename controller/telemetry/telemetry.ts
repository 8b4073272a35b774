import type { Logger } from 'pino';
import type { Metrics, MetricsSource } from '../runtime/metrics.ts';
import type { TelemetrySettings } from './telemetry-settings.ts';

/** What a controller tells others of itself. */
export interface TelemetryOptions {
  readonly settings: TelemetrySettings;
  readonly metrics: Metrics;
  /** What metrics are about, looked at with each export. */
  readonly source: () => MetricsSource;
  /** Version of the controller, and its name among replicas. */
  readonly version: string;
  readonly instance: string;
  readonly log: Logger;
}

/** Telemetry that runs. */
export interface Telemetry {
  /** The metrics, of which spans are made where they are asked for. */
  readonly metrics: Metrics;
  /** Sends what is left, for a second at most, and stops. */
  readonly stop: () => Promise<void>;
}

/**
 * Sends metrics and spans to collectors by OTLP, as EnvoyGateway `telemetry` asks for. A collector that cannot be reached
 * is told in the log and costs nothing else. Nothing of OpenTelemetry is loaded where nothing is to be sent.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { sinks, traces } = options.settings;
  if (sinks.length === 0 && traces === undefined) {
    return { metrics: options.metrics, stop: () => Promise.resolve() };
  }
  const { sendTelemetry } = await import('./send-telemetry.ts');
  return sendTelemetry(options);
}
