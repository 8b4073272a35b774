import { describe, expect, it } from 'vitest';
import type { HTTPFilter, HTTPHeaderFilter } from '#controller/api/gen/types.d.ts';
import { filterProblem } from './filter-problems.ts';

const changing = (requestHeaderModifier: HTTPHeaderFilter): HTTPFilter => ({
  type: 'RequestHeaderModifier',
  requestHeaderModifier,
});
const rewriting = (replacePrefixMatch: string): HTTPFilter => ({
  type: 'URLRewrite',
  urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch } },
});
const redirecting = (replaceFullPath: string): HTTPFilter => ({
  type: 'RequestRedirect',
  requestRedirect: { statusCode: 302, path: { type: 'ReplaceFullPath', replaceFullPath } },
});

describe('a filter that no proxy can apply', () => {
  it.each<readonly [string, HTTPFilter, string]>([
    [
      'sets the host',
      changing({
        set: [
          { name: 'x-a', value: 'b' },
          { name: 'HOST', value: 'a' },
        ],
      }),
      'set[1].name',
    ],
    ['adds a host', changing({ add: [{ name: 'Host', value: 'a' }] }), 'add[0].name'],
    ['removes the host', changing({ remove: ['x-a', 'hosT'] }), 'remove[1]'],
    ['removes a pseudo-header', changing({ remove: [':path'] }), 'remove[0]'],
    ['removes a header without a name', changing({ remove: [''] }), 'remove[0]'],
    ['removes a header with a line break in its name', changing({ remove: ['a\r\nb'] }), 'remove[0]'],
  ])('%s', (_, filter, field) => {
    expect(filterProblem([filter])).toContain(`filters[0].requestHeaderModifier.${field}: found `);
  });

  it.each(['/a\nb', '/a\rb', '/a\0b', '/a b', '/\u007F', '\t'])('puts %j into the path', (path) => {
    const field = 'urlRewrite.path.replacePrefixMatch';
    expect(filterProblem([rewriting('/good'), rewriting(path)])).toContain(`filters[1].${field}: found `);
    expect(filterProblem([redirecting(path)])).toContain('filters[0].requestRedirect.path.replaceFullPath: found ');
  });

  it('is none that changes other headers and paths', () => {
    const other = changing({ set: [{ name: 'x-host', value: 'a' }], remove: ['hosts', 'x:y', 'a b'] });
    expect(filterProblem([other, rewriting('/é%20?a=b#c'), redirecting('')])).toBeUndefined();
  });
});
