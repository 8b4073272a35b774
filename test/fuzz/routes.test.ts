import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { type EchoBackEnd, startEchoBackEnd } from '../seeds/echo-back-end.ts';
import { compileRoutes, ECHO_REF, type FuzzRoute } from './fuzz-world.ts';
import { anyHeaderName, anyHeaderValue, anyHostname, anyPath, anyRegex } from './text.ts';

const SEED = 20_260_101;
const PORT = 25_401;

const anyHeaders = fc.uniqueArray(fc.record({ name: anyHeaderName, value: anyHeaderValue }), {
  maxLength: 3,
  selector: ({ name }) => name.toLowerCase(),
});
const anyModifier = fc.record({
  set: anyHeaders,
  add: anyHeaders,
  remove: fc.uniqueArray(fc.oneof(anyHeaderName, fc.constantFrom('a b', 'é')), { maxLength: 2 }),
});
const anyMatch = fc.record({
  path: fc.oneof(
    anyPath.map((value) => ({ type: 'PathPrefix', value })),
    anyPath.map((value) => ({ type: 'Exact', value })),
    anyRegex.map((value) => ({ type: 'RegularExpression', value })),
  ),
  headers: fc.uniqueArray(
    fc.oneof(
      fc.record({ name: anyHeaderName, value: anyHeaderValue }),
      fc.record({ type: fc.constant('RegularExpression'), name: anyHeaderName, value: anyRegex }),
    ),
    { maxLength: 2, selector: ({ name }) => name.toLowerCase() },
  ),
  queryParams: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('q', 'a[b', 'x|'), value: fc.string({ minLength: 1, unit: 'grapheme' }) }),
    { maxLength: 2, selector: ({ name }) => name },
  ),
});
const anyFilters = fc.oneof(
  anyModifier.map((requestHeaderModifier) => [{ type: 'RequestHeaderModifier', requestHeaderModifier }]),
  anyModifier.map((responseHeaderModifier) => [{ type: 'ResponseHeaderModifier', responseHeaderModifier }]),
  fc
    .record({ hostname: anyHostname, text: fc.oneof(anyPath, fc.string({ unit: 'grapheme' })) })
    .map(({ hostname, text }) => [
      { type: 'URLRewrite', urlRewrite: { hostname, path: { type: 'ReplaceFullPath', replaceFullPath: text } } },
    ]),
  fc
    .oneof(anyPath, fc.string({ unit: 'grapheme' }))
    .map((text) => [
      { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: text } } },
    ]),
);
const anyRoute: fc.Arbitrary<FuzzRoute> = fc.record({
  hostnames: fc.uniqueArray(anyHostname, { maxLength: 3 }),
  rules: fc.array(
    fc.tuple(anyMatch, anyFilters).map(([match, filters]) => ({ matches: [match], filters, backendRefs: [ECHO_REF] })),
    { minLength: 1, maxLength: 3 },
  ),
});

describe('real Envoy', () => {
  let envoy: LiveEnvoy;
  let echo: EchoBackEnd;
  beforeAll(async () => {
    echo = await startEchoBackEnd('echo');
    envoy = await startLiveEnvoy();
  });
  afterAll(async () => {
    await envoy.stop();
    await echo.stop();
  });

  it('accepts every HTTPRoute that the schema accepts, save those of known-rejections.test.ts', async () => {
    let served = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyRoute, { minLength: 20, maxLength: 40, size: 'max' }), async (routes) => {
        const { refused, snapshot } = compileRoutes(routes, PORT, echo.port);
        served += routes.length - refused.length;
        expect(await envoy.publish(snapshot)).toEqual([]);
      }),
      { seed: SEED, numRuns: 100 },
    );
    expect(served).toBeGreaterThan(500);
  });
});
