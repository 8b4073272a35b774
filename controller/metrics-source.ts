import type { Pipeline } from './pipeline.ts';
import type { MetricsSource } from './runtime/metrics.ts';

/** What metrics are about; nothing yet before there is a pipeline. */
export function metricsSource(pipeline: Pipeline | undefined): MetricsSource {
  return {
    resources: pipeline?.resources() ?? [],
    problems: pipeline?.problems() ?? [],
    proxies: pipeline?.proxies() ?? [],
    wants: pipeline?.wants() ?? { answered: 0, stale: 0, pending: 0 },
  };
}
