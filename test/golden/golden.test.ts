import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, SOME_MODULE } from '#controller/compile.ts';
import { DEFAULT_CONFIGURATION } from '#controller/configuration.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import type { LiveEnvoy } from '../envoy/live-envoy.ts';
import { startLiveEnvoy } from '../envoy/live-envoy.ts';
import { goldenCases } from './cases.ts';
import { objectsCases, renderObjects } from './objects.ts';
import { GOLDEN_TIME, render } from './render.ts';

describe.each(goldenCases())('$name', (found) => {
  it('becomes the resources and the statuses beside it (npm run golden rewrites them)', () => {
    const { xds, status } = render(found);
    expect(xds).toBe(readFileSync(found.xds, 'utf8'));
    expect(status).toBe(readFileSync(found.status, 'utf8'));
  });
});

describe.each(objectsCases())('$name', (found) => {
  it('becomes the objects beside it (npm run golden rewrites them)', () => {
    expect(renderObjects(found)).toBe(readFileSync(found.objects, 'utf8'));
  });
});

describe('real Envoy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  it.each(goldenCases())('accepts $name', async ({ input }) => {
    for (const { xds } of compile(loadOnce([input]), DEFAULT_CONFIGURATION, () => GOLDEN_TIME).proxies.values()) {
      // The module's file is not there: its own tests load it. Everything else must be taken.
      const snapshot = lower(xds, undefined);
      expect(SOME_MODULE.path).toBe('policy.wasm');
      expect(await envoy.publish(snapshot)).toEqual([]);
    }
  });
});
