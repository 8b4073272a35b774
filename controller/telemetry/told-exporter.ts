import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { SpanExporter } from '@opentelemetry/sdk-trace';

type Done = (result: ExportResult) => void;

/** What is told of exports: why they fail, once until it is another reason, and that they go well again. */
export interface Trouble {
  failed(reason: string): void;
  ended(): void;
}

/**
 * An exporter whose failures are told to us: the SDK would tell them to a handler for the whole process. What could not be
 * sent is lost, as the next export of metrics has all of it, and spans are samples.
 */
export function toldExporter<E extends PushMetricExporter | SpanExporter>(exporter: E, trouble: Trouble): E {
  let last = '';
  const told =
    (done: Done): Done =>
    ({ error }) => {
      const reason = error?.message ?? '';
      if (reason !== last && reason !== '') trouble.failed(reason);
      if (reason === '' && last !== '') trouble.ended();
      last = reason;
      done({ code: ExportResultCode.SUCCESS });
    };
  const send = exporter.export.bind(exporter);
  exporter.export = (what: never, done: Done) => send(what, told(done));
  return exporter;
}
