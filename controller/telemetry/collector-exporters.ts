import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { Collector } from './telemetry-settings.ts';

/** Sends metrics to a collector by OTLP; only the code of its protocol is loaded. */
export async function metricExporter(collector: Collector): Promise<PushMetricExporter> {
  const { timeout: timeoutMillis } = collector;
  if (collector.protocol === 'grpc') {
    const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-grpc');
    return new OTLPMetricExporter({ url: origin(collector), timeoutMillis });
  }
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-proto');
  return new OTLPMetricExporter({ url: `${origin(collector)}/v1/metrics`, timeoutMillis });
}

/** Sends spans to a collector by OTLP; only the code of its protocol is loaded. */
export async function spanExporter(collector: Collector): Promise<SpanExporter> {
  const { timeout: timeoutMillis } = collector;
  if (collector.protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc');
    return new OTLPTraceExporter({ url: origin(collector), timeoutMillis });
  }
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto');
  return new OTLPTraceExporter({ url: `${origin(collector)}/v1/traces`, timeoutMillis });
}

function origin({ host, port }: Collector): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
