import { setTimeout as sleep } from 'node:timers/promises';
import { SpanStatusCode } from '@opentelemetry/api';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Metrics } from '../runtime/metrics.ts';
import { metricExporter, spanExporter } from './collector-exporters.ts';
import { otlpMetrics } from './otlp-metrics.ts';
import type { Collector } from './telemetry-settings.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';
import { toldExporter, type Trouble } from './told-exporter.ts';

/** How long what is left may take at the end. Milliseconds. */
const LAST_EXPORT = 1_000;
/** Name of the instrumentation scope. */
const SCOPE = 'sluice';

/** Sends metrics and spans, as `startTelemetry` says. */
export async function sendTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { settings, metrics, version, instance } = options;
  const resource = resourceFromAttributes({
    'service.name': 'sluice',
    'service.version': version,
    'service.instance.id': instance,
  });
  const ends = await Promise.all(settings.sinks.map((sink) => sendMetrics(sink, resource, options)));
  let watched = metrics;
  if (settings.traces !== undefined) {
    const { collector, ratio } = settings.traces;
    const exporter = toldExporter(await spanExporter(collector), troubleOf(collector, 'spans', options));
    const { interval: scheduledDelayMillis, timeout: exportTimeoutMillis } = collector;
    const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis, exportTimeoutMillis });
    const sampler = new TraceIdRatioBasedSampler(ratio);
    const provider = new TracerProvider({ resource, sampler, spanProcessors: [processor] });
    watched = withSpans(metrics, provider);
    ends.push(() => provider.shutdown());
  }
  return {
    metrics: watched,
    stop: async () => {
      const all = Promise.allSettled(ends.map((end) => end()));
      await Promise.race([all, sleep(LAST_EXPORT, undefined, { ref: false })]);
    },
  };
}

/** Returns what sends the last of them and ends. */
async function sendMetrics(
  collector: Collector,
  resource: Resource,
  options: TelemetryOptions,
): Promise<() => Promise<void>> {
  const { metrics, source, version } = options;
  const from = Date.now() - process.uptime() * 1_000;
  const reader = new PeriodicExportingMetricReader({
    exporter: toldExporter(await metricExporter(collector), troubleOf(collector, 'metrics', options)),
    exportIntervalMillis: collector.interval,
    exportTimeoutMillis: collector.timeout,
  });
  reader.setMetricProducer({
    collect: async () => {
      const found = otlpMetrics(await metrics.values(source()), { from, to: Date.now() });
      const scopeMetrics = [{ scope: { name: SCOPE, version }, metrics: found }];
      return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
    },
  });
  return () => reader.shutdown();
}

function troubleOf({ protocol, host, port }: Collector, what: string, { log }: TelemetryOptions): Trouble {
  const collector = `${protocol}://${host}:${port}`;
  return {
    failed: (reason) => log.warn({ collector, reason }, `${what} cannot be sent to a collector; it is tried again`),
    ended: () => log.info({ collector }, `${what} are sent to the collector again`),
  };
}

/** A span for each translation and each fetch, told when they are over. */
function withSpans(metrics: Metrics, provider: TracerProvider): Metrics {
  const tracer = provider.getTracer(SCOPE);
  const span = (name: string, ms: number, isFailed: boolean, attributes: { readonly [name: string]: string }): void => {
    const end = Date.now();
    const told = tracer.startSpan(name, { startTime: end - ms, attributes: { ...attributes } });
    if (isFailed) told.setStatus({ code: SpanStatusCode.ERROR });
    told.end(end);
  };
  return {
    ...metrics,
    translated: (ms, isFailed) => {
      metrics.translated(ms, isFailed);
      span('translate', ms, isFailed, {});
    },
    fetched: (purpose, outcome, ms) => {
      metrics.fetched(purpose, outcome, ms);
      const isFailed = typeof outcome === 'string' || outcome >= 400;
      span('fetch', ms, isFailed, { purpose, outcome: String(outcome) });
    },
  };
}
