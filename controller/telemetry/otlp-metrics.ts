import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { AggregationTemporality, type DataPoint, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { MetricValues } from '../runtime/metrics.ts';

/** From when to when something was counted: milliseconds since 1970. */
export interface Counted {
  readonly from: number;
  readonly to: number;
}

type Value = MetricValues['values'][number];

/**
 * Metrics of Prometheus as those of OpenTelemetry, under the same names: counters as sums that only grow, histograms with
 * what is in each bucket instead of in it and all below ("OpenMetrics and Prometheus Compatibility" of OpenTelemetry's
 * specification). Summaries are left out: no metric of ours is one.
 */
export function otlpMetrics(metrics: readonly MetricValues[], counted: Counted): MetricData[] {
  const times = { startTime: hrTime(counted.from), endTime: hrTime(counted.to) };
  return metrics.flatMap((metric): MetricData[] => {
    const descriptor = { name: metric.name, description: metric.help, unit: '', valueType: ValueType.DOUBLE };
    const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
    const points = (): DataPoint<number>[] =>
      metric.values.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), value }));
    switch (metric.type) {
      case 'counter':
        return [{ ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() }];
      case 'gauge':
        return [{ ...base, dataPointType: DataPointType.GAUGE, dataPoints: points() }];
      case 'histogram': {
        const dataPoints = histograms(metric).map((histogram) => ({ ...times, ...histogram }));
        return [{ ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints }];
      }
      default:
        return [];
    }
  });
}

/** One for each set of labels. */
function histograms({ name, values }: MetricValues) {
  const series = new Map<string, Value[]>();
  for (const value of values) {
    const { le: _, ...labels } = value.labels;
    const key = JSON.stringify(Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1)));
    const known = series.get(key);
    if (known === undefined) series.set(key, [value]);
    else known.push(value);
  }
  return [...series.values()].map((parts) => {
    const { le: _, ...labels } = parts[0]?.labels ?? {};
    const one = (suffix: string): number =>
      parts.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0;
    const buckets = parts
      .filter(({ metricName, labels: { le } }) => metricName === `${name}_bucket` && le !== '+Inf')
      .map(({ labels: { le }, value }) => ({ boundary: Number(le), upTo: value }))
      .toSorted((a, b) => a.boundary - b.boundary);
    const count = one('count');
    const upTo = [...buckets.map((bucket) => bucket.upTo), count];
    return {
      attributes: attributesOf(labels),
      value: {
        buckets: {
          boundaries: buckets.map(({ boundary }) => boundary),
          counts: upTo.map((all, index) => all - (upTo[index - 1] ?? 0)),
        },
        sum: one('sum'),
        count,
      },
    };
  });
}

function attributesOf(labels: Value['labels']): Attributes {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined));
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1_000_000)];
}
