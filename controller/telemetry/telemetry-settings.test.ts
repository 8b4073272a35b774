import { describe, expect, it } from 'vitest';
import { formatFieldPath } from '../api/field-path.ts';
import { type TelemetrySettings, telemetrySettings } from './telemetry-settings.ts';

type Telemetry = Parameters<typeof telemetrySettings>[0];

function read(telemetry: Telemetry): { readonly settings: TelemetrySettings; readonly refused: readonly string[] } {
  const refused: string[] = [];
  const settings = telemetrySettings(telemetry, (path, message) =>
    refused.push(`${formatFieldPath(path)}: ${message}`),
  );
  return { settings, refused };
}

const sink = { host: 'otel', port: 4317, protocol: 'grpc' } as const;

describe('the telemetry that is asked for', () => {
  it('is metrics for Prometheus where nothing is said', () => {
    expect(read(undefined).settings).toEqual({ prometheus: true, sinks: [], traces: undefined });
  });

  it('is sent as often as is said, else as the SDK of OpenTelemetry does', () => {
    const paced = { ...sink, exportInterval: '10s', exportTimeout: '2s' };
    const { settings } = read({
      metrics: {
        prometheus: { disable: true },
        sinks: [
          { type: 'OpenTelemetry', openTelemetry: sink },
          { type: 'OpenTelemetry', openTelemetry: paced },
        ],
      },
      traces: { sink: { type: 'OpenTelemetry', openTelemetry: sink }, samplingRate: { numerator: 1, denominator: 4 } },
    });
    expect(settings).toEqual({
      prometheus: false,
      sinks: [
        { ...sink, interval: 60_000, timeout: 30_000 },
        { ...sink, interval: 10_000, timeout: 2_000 },
      ],
      traces: { collector: { ...sink, interval: 5_000, timeout: 5_000 }, ratio: 0.25 },
    });
  });

  it('gives an export no more time than there is until the next one', () => {
    const openTelemetry = { ...sink, exportInterval: '1s', exportTimeout: '1m' };
    const { settings } = read({ metrics: { sinks: [{ type: 'OpenTelemetry', openTelemetry }] } });
    expect(settings.sinks).toMatchObject([{ interval: 1_000, timeout: 1_000 }]);
  });

  it('is refused without a collector, or with a pace that nothing can keep', () => {
    const openTelemetry = { ...sink, exportInterval: '1ms' };
    const { refused } = read({
      metrics: { sinks: [{ type: 'OpenTelemetry' }, { type: 'OpenTelemetry', openTelemetry }] },
      traces: {},
    });
    expect(refused).toEqual([
      'telemetry.metrics.sinks[0].openTelemetry: found nothing, accepted is the host, port and protocol of a collector',
      'telemetry.metrics.sinks[1].openTelemetry.exportInterval: found 1ms, accepted is at least 100ms',
      'telemetry.traces.sink.openTelemetry: found nothing, accepted is the host, port and protocol of a collector',
    ]);
  });
});
