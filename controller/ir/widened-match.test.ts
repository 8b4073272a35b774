import { expect, it } from 'vitest';
import { widenedMatch } from './widened-match.ts';

const MATCH = { path: { kind: 'regex', value: '/' }, method: undefined, headers: [], query: [] } as const;

/** The prefix that stands for a regular expression. */
function prefixOf(value: string): string {
  const { path } = widenedMatch({ ...MATCH, path: { kind: 'regex', value } });
  expect(path.kind).toBe('prefix');
  return path.value;
}

it.each([
  ['the path elements that it begins with', '/shop/carts/[0-9]+', '/shop/carts/'],
  ['those before one that may go on otherwise', '/shop/cart.*', '/shop/'],
  ['those after an anchor', '^/shop/(?=x)', '/shop/'],
  ['nothing of what differs in case', '(?i)/shop/x', '/'],
  ['not an element whose last character may be absent', '/shop/?x(', '/'],
  ['nor one that may be repeated no times', '/shop/*x(', '/'],
  ['nor with a number of times', '/shop/{0,1}x(', '/'],
  ['an element that is there at least once', '/shop/+x(', '/shop/'],
  ['what all alternatives begin with', '/shop/a/(?=y)|^/shop/b/x', '/shop/'],
  ['nothing where they begin otherwise', '/public/x|/admin/(?=y)', '/'],
  ['nothing where one may be empty', '/public/x|', '/'],
  ['what is before alternatives of a group', '/api/(v1|v(2|3))/[^/|]+/(?=x)', '/api/'],
  ['nothing where flags of one are those of the next', '/shop/a|(?i)/shop/b|/shop/c', '/'],
  ['what is before an escaped character', String.raw`/shop/\|/x`, '/shop/'],
  ['nothing in doubt: a group that is not closed', '/public/(x|/admin/y', '/'],
  ['nothing in doubt: a class that is not closed', '/public/[x|/admin/y', '/'],
  ['nothing in doubt: a class in a class', '/public/[[:alpha:](]|/admin/[[:alpha:])]', '/'],
  ['nothing in doubt: brackets that are quoted', String.raw`/public/\Q(\E|/admin/\Q)\E`, '/'],
])('for a regular expression stands %s', (_, regex, prefix) => {
  expect(prefixOf(regex)).toBe(prefix);
});

it('what is exact stays, and what is a regular expression is not asked for', () => {
  const values = [
    { kind: 'exact', name: 'a', value: 'b' },
    { kind: 'regex', name: 'c', value: '(' },
  ] as const;
  const [exact] = values;
  const path = { kind: 'exact', value: '/a' } as const;
  expect(widenedMatch({ path, method: 'GET', headers: values, query: values, cookies: values })).toEqual({
    path,
    method: 'GET',
    headers: [exact],
    query: [exact],
    cookies: [exact],
  });
});

it('no path that an expression matches is left out', () => {
  const parts = ['/', 'a', 'b', '|', '(', ')', '?', '*', '{0}', '+', '[', ']', '^', String.raw`\|`, '.'];
  const paths = ['/', '/a', '/b', '/ab', '/a/b', '/b/a', '/a/a/b', '/b/b'];
  let seed = 1;
  const next = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  let judged = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const written = Array.from({ length: 2 + next(9) }, () => parts[next(parts.length)] ?? '').join('');
    const regex = `/${written}`;
    let expression: RegExp;
    try {
      expression = new RegExp(`^(?:${regex})$`, 'u');
    } catch {
      continue;
    }
    const prefix = prefixOf(regex).replace(/\/+$/u, '');
    for (const path of paths.filter((one) => expression.test(one))) {
      judged += 1;
      expect(path === prefix || path.startsWith(`${prefix}/`), `${regex} matches ${path}`).toBe(true);
    }
  }
  expect(judged).toBeGreaterThan(100);
});
