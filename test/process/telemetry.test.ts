import { afterEach, describe, expect, it } from 'vitest';
import { startCollector } from '#controller/telemetry/testing/otlp-collector.ts';
import { CLASS, gateway } from './manifests.ts';
import { freePort, Site, until } from './sluice.ts';

let site: Site | undefined;
afterEach(() => site?.destroy());

describe('a controller that is told where its telemetry goes', () => {
  it('sends its metrics there, and serves none where they are not to be asked for', async () => {
    const collector = await startCollector('grpc');
    try {
      const made = await Site.make({ 'a.yaml': CLASS + gateway('shop', await freePort()) });
      site = made;
      const openTelemetry = { host: '127.0.0.1', port: collector.port, protocol: 'grpc', exportInterval: '200ms' };
      const metrics = { prometheus: { disable: true }, sinks: [{ type: 'OpenTelemetry', openTelemetry }] };
      const traces = { sink: { type: 'OpenTelemetry', openTelemetry } };
      made.configure({ telemetry: { metrics, traces } });
      await made.start();
      const sent = (): string => JSON.stringify([collector.metrics.at(-1), collector.spans]);
      await until('the Gateway is told of', () => /sluice_proxy_ready.*default\/shop.*"translate"/u.test(sent()));
      expect(await made.ask('/metrics')).toBe('not served: telemetry.metrics.prometheus.disable is true\n');
    } finally {
      await collector.stop();
    }
  });
});
