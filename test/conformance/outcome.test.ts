import { describe, expect, it } from 'vitest';
import known from './known-failures.json' with { type: 'json' };
import { failuresIn, isSameReport, judge, unsupportedIn } from './outcome.ts';

const LOG = `--- FAIL: TestConformance (9.00s)
    --- PASS: TestConformance/GatewayPort8080 (0.10s)
    --- FAIL: TestConformance/HTTPRouteCORS (1.00s)
        --- FAIL: TestConformance/HTTPRouteCORS/one (0.50s)
    --- SKIP: TestConformance/MeshBasic (0.00s)
`;

describe('a run of the suite', () => {
  it('is read test by test, not by what is below them', () => {
    expect(failuresIn(LOG)).toEqual({ passed: ['GatewayPort8080'], failed: ['HTTPRouteCORS'], skipped: ['MeshBasic'] });
  });

  it('is good when nothing but what is known fails, and nothing but a mesh is skipped', () => {
    const run = failuresIn(LOG);
    expect(judge(run, ['HTTPRouteCORS'], { whole: true, code: 1 }).good).toBe(true);
    expect(judge(run, [], { whole: true, code: 1 }).good).toBe(false);
    expect(judge({ ...run, skipped: ['UDPRoute'] }, ['HTTPRouteCORS'], { whole: true, code: 1 }).good).toBe(false);
  });

  it('is not good when a test that is known to fail passes: the list may only shrink', () => {
    const { good, lines } = judge(failuresIn(LOG), ['HTTPRouteCORS', 'GatewayPort8080'], { whole: true, code: 1 });
    expect([good, lines[1]]).toEqual([
      false,
      'passed though known to fail: strike them from known-failures.json: GatewayPort8080',
    ]);
  });

  it('is not good when it did not run, or ended badly by itself', () => {
    expect(judge({ passed: [], failed: [], skipped: [] }, [], { whole: true, code: 0 }).good).toBe(false);
    expect(judge({ passed: ['A'], failed: [], skipped: [] }, [], { whole: true, code: 2 }).good).toBe(false);
  });
});

describe('what is known to fail', () => {
  it('is nothing, and may not become more', () => {
    expect(known).toEqual([]);
  });
});

describe('a report', () => {
  it('with a feature that is not supported is not good', () => {
    const features = '  extended:\n    unsupportedFeatures:\n    - HTTPRouteCORS\n    - Mesh\n  name: GATEWAY-HTTP\n';
    expect(unsupportedIn(features)).toEqual(['HTTPRouteCORS', 'Mesh']);
    expect(unsupportedIn('  extended:\n    supportedFeatures:\n    - HTTPRouteCORS\n')).toEqual([]);
    const passed = { passed: ['A'], failed: [], skipped: [] };
    expect(judge(passed, [], { whole: true, code: 0, unsupported: ['Mesh'] }).good).toBe(false);
    expect(judge(passed, [], { whole: true, code: 0, unsupported: [] }).good).toBe(true);
  });

  const report = (date: string, version: string, passed: number): string =>
    `date: "${date}"\nimplementation:\n  version: ${version}\nprofiles:\n- core:\n    statistics:\n      Passed: ${passed}\n`;

  it('is the same whenever it was written, and of whatever version', () => {
    expect(isSameReport(report('2026-01-01', 'v1', 3), report('2026-02-01', 'v2', 3))).toBe(true);
  });

  it('is the same whatever the order of its profiles', () => {
    const [http, grpc] = ['HTTP', 'GRPC'].map((name) => `- core:\n    result: success\n  name: ${name}\n`);
    expect(isSameReport(`profiles:\n${http}${grpc}`, `profiles:\n${grpc}${http}`)).toBe(true);
    expect(isSameReport(`profiles:\n${http}${grpc}`, `profiles:\n${http}`)).toBe(false);
    expect(isSameReport(`profiles:\n${http}${grpc}`, '')).toBe(false);
  });

  it('is another where it says something else', () => {
    expect(isSameReport(report('2026-01-01', 'v1', 3), report('2026-01-01', 'v1', 2))).toBe(false);
  });
});
