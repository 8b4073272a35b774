import { describe, expect, it } from 'vitest';
import type { HTTPRoute } from '#controller/api/gen/types.d.ts';
import { admit } from '../provider/admit.ts';
import { beyondEnvoy } from './envoy-limits.ts';

function routeOf(rule: object): HTTPRoute {
  const admitted = admit({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r' },
    spec: { rules: [rule] },
  });
  if (admitted.kind !== 'resource' || admitted.resource.kind !== 'HTTPRoute') throw new Error(JSON.stringify(admitted));
  return admitted.resource;
}

const problem = (rule: object): string | undefined => beyondEnvoy(routeOf(rule))?.message;
const regex = (value: string) => ({ matches: [{ path: { type: 'RegularExpression', value } }] });
const modifier = (type: string, changes: object) => ({
  filters: [{ type, [`${type.charAt(0).toLowerCase()}${type.slice(1)}`]: changes }],
});
const rewrite = (replaceFullPath: string) => ({
  filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath } } }],
});

describe('a route that Envoy would refuse', () => {
  it.each(['/(?=a)', '/(a)\\1', '/[', '/(a', '/a{2000}', '/**', '\\'])(
    'is told of by its regular expression %s',
    (value) => {
      expect(problem(regex(value))).toMatch(
        /^HTTPRoute default\/r: spec\.rules\[0\]\.matches\[0\]\.path\.value: found .*, accepted are regular expressions of RE2/u,
      );
    },
  );

  it('is told of by an empty regular expression, and by one that is too large', () => {
    expect(problem(regex(''))).toMatch(/empty regular expression/u);
    expect(problem(regex('((a{9}){10}){10}'.repeat(12)))).toMatch(/instructions, accepted are at most 10000/u);
  });

  it.each(['RequestHeaderModifier', 'ResponseHeaderModifier'])('is told of by a %s of the host', (type) => {
    expect(problem(modifier(type, { set: [{ name: 'Host', value: 'a' }] }))).toMatch(/only URLRewrite may change/u);
    expect(problem(modifier(type, { add: [{ name: 'host', value: 'a' }] }))).toMatch(/only URLRewrite may change/u);
    expect(problem(modifier(type, { remove: ['Host'] }))).toMatch(/cannot be removed/u);
    expect(problem(modifier(type, { remove: [':path'] }))).toMatch(/remove: found ":path", accepted are names of/u);
    expect(problem(modifier(type, { remove: [''] }))).toMatch(/remove: found ""/u);
  });

  it('is told of by a line break in a replacement', () => {
    expect(problem(rewrite('/a\nb'))).toMatch(/filters\[0\]\.path: found "\/a\\nb"/u);
  });
});

it('every other route is none', () => {
  for (const rule of [
    {},
    regex('\\/user\\/[0-9a-f]{8}-[0-9a-f]{4}\\/send'),
    regex('/a{1,1000}'),
    modifier('RequestHeaderModifier', { set: [{ name: 'x-host', value: '%' }], remove: ['x-a', 'Cookie'] }),
    rewrite('/é\\1'),
  ]) {
    expect(problem(rule)).toBeUndefined();
  }
});
