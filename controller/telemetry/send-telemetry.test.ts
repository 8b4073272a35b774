import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMetrics, type MetricsSource } from '../runtime/metrics.ts';
import type { Collector, TelemetrySettings } from './telemetry-settings.ts';
import { startTelemetry } from './telemetry.ts';
import { type Collected, startCollector } from './testing/otlp-collector.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

const source: MetricsSource = {
  resources: [{ kind: 'HTTPRoute' }, { kind: 'HTTPRoute' }],
  problems: [],
  proxies: [],
  wants: { answered: 1, stale: 0, pending: 0 },
};

async function collector(protocol: 'grpc' | 'http'): Promise<Collected> {
  const collected = await startCollector(protocol);
  stops.push(() => collected.stop());
  return collected;
}

const at = (port: number, protocol: 'grpc' | 'http'): Collector => ({
  protocol,
  host: '127.0.0.1',
  port,
  interval: 100,
  timeout: 100,
});

async function started(settings: Partial<TelemetrySettings>) {
  const logged: { readonly msg: string; readonly reason?: string }[] = [];
  const log = pino({}, { write: (line) => void logged.push(JSON.parse(line)) });
  const metrics = createMetrics();
  const telemetry = await startTelemetry({
    settings: { prometheus: true, sinks: [], traces: undefined, ...settings },
    metrics,
    source: () => source,
    version: '1.2.3',
    instance: 'pod-a',
    log,
  });
  stops.push(() => telemetry.stop());
  return { telemetry, metrics, logged };
}

describe.each(['grpc', 'http'] as const)('a collector that is spoken to by %s', (protocol) => {
  it('is sent all metrics, again and again, with who sends them', async () => {
    const collected = await collector(protocol);
    const { telemetry } = await started({ sinks: [at(collected.port, protocol)] });
    telemetry.metrics.answered('cds', false);
    telemetry.metrics.translated(20, false);
    await vi.waitFor(() => expect(collected.metrics.length).toBeGreaterThan(1), 10_000);
    const [last] = collected.metrics.slice(-1);
    expect(last).toMatchObject({
      resource: [
        {
          resource: {
            attributes: [
              { key: 'service.name', value: { text: 'sluice' } },
              { key: 'service.version', value: { text: '1.2.3' } },
              { key: 'service.instance.id', value: { text: 'pod-a' } },
            ],
          },
          scope: [
            {
              metrics: expect.arrayContaining([
                expect.objectContaining({
                  name: 'sluice_resources',
                  gauge: { points: [pointOf(2, 'kind', 'HTTPRoute')] },
                }),
                expect.objectContaining({
                  name: 'sluice_xds_acks_total',
                  sum: { points: [pointOf(1, 'type', 'cds')], temporality: 2, monotonic: true },
                }),
                expect.objectContaining({
                  name: 'sluice_translate_seconds',
                  histogram: {
                    points: [
                      expect.objectContaining({
                        count: 1,
                        sum: 0.02,
                        bounds: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
                        counts: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
                      }),
                    ],
                    temporality: 2,
                  },
                }),
              ]),
            },
          ],
        },
      ],
    });
  });

  it('is sent a span for each translation and fetch, the failed ones as such', async () => {
    const collected = await collector(protocol);
    const { telemetry } = await started({ traces: { collector: at(collected.port, protocol), ratio: 1 } });
    telemetry.metrics.translated(20, true);
    telemetry.metrics.fetched('jwks', 200, 30);
    await vi.waitFor(() => expect(collected.spans).not.toEqual([]), 10_000);
    expect(collected.spans[0]).toMatchObject({
      resource: [
        {
          scope: [
            {
              spans: [
                { name: 'translate', status: { code: 2 } },
                {
                  name: 'fetch',
                  attributes: [
                    { key: 'purpose', value: { text: 'jwks' } },
                    { key: 'outcome', value: { text: '200' } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
  });
});

function pointOf(value: number, key: string, text: string): unknown {
  return expect.objectContaining({ value, attributes: [{ key, value: { text } }] });
}

describe('a collector that cannot be reached', () => {
  it.each(['grpc', 'http'] as const)('is told once, and is sent to again when it can (%s)', async (protocol) => {
    const collected = await collector(protocol);
    collected.goAway(true);
    const { logged } = await started({ sinks: [at(collected.port, protocol)] });
    const failures = () => logged.filter(({ msg }) => msg.startsWith('metrics cannot be sent'));
    await vi.waitFor(() => expect(failures()).not.toEqual([]), 10_000);
    collected.goAway(false);
    await vi.waitFor(() => expect(logged.at(-1)?.msg).toBe('metrics are sent to the collector again'), 20_000);
    expect(collected.metrics).not.toEqual([]);
    const reasons = failures().map(({ reason }) => reason);
    expect(reasons.filter((reason, index) => reason === reasons[index - 1])).toEqual([]);
  });

  it('does not hold up the end', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    stops.push(async () => void silent.close());
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { telemetry } = await started({ sinks: [{ ...at(port, 'http'), interval: 60_000, timeout: 60_000 }] });
    await expect(telemetry.stop()).resolves.toBeUndefined();
  });
});

describe('where nothing is to be sent', () => {
  it('metrics are as they are', async () => {
    const { telemetry, metrics } = await started({});
    expect(telemetry.metrics).toBe(metrics);
  });

  it('of no trace there is a span', async () => {
    const collected = await collector('http');
    const { telemetry } = await started({ traces: { collector: at(collected.port, 'http'), ratio: 0 } });
    telemetry.metrics.translated(20, false);
    await telemetry.stop();
    expect(collected.spans).toEqual([]);
  });
});
