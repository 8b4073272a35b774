import { describe, expect, it } from 'vitest';
import { regexProblem, substitutionProblem } from './problem.ts';

describe('a regular expression', () => {
  it.each([
    'a',
    '.*',
    '^/a/(b|c)$',
    '(?i)a',
    '(?m:^a$)',
    '\\bword\\b',
    '\\B',
    '\\C',
    '\\pL+',
    '[[:alpha:]]',
    '\\077',
    'a{1000}',
    '\\Qa(\\E',
  ])('%s is one that Envoy takes', (pattern) => {
    expect(regexProblem(pattern)).toBeUndefined();
  });

  it.each([
    '',
    '(',
    ')',
    '[a',
    '*',
    'a**',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '(a)\\1',
    'a{1001}',
    '\\8',
    '(?P<a>x)(?P<a>y)',
    '\\',
  ])('%s is none', (pattern) => {
    expect(regexProblem(pattern)).toMatch(/^"/u);
  });

  it('that is long is cut in what is said of it', () => {
    expect(regexProblem(`(${'a'.repeat(4096)}`)?.length).toBeLessThan(200);
    expect(regexProblem('a'.repeat(4096))).toBeUndefined();
  });
});

describe('a substitution', () => {
  it.each([
    ['(a)(b)', '\\2\\1\\0'],
    ['a', '\\\\x'],
    ['(?P<n>a)', '/\\1'],
    ['(?:a)', 'plain'],
  ])('of %s by %s is one', (pattern, substitution) => {
    expect(substitutionProblem(pattern, substitution)).toBeUndefined();
  });

  it.each([
    ['(', 'x', /^pattern: /u],
    ['', 'x', /^pattern: /u],
    ['(a)', '\\2', /^substitution: found \\2, the pattern has 1 groups/u],
    ['(?:a)', '\\1', /^substitution: /u],
    ['a', '\\x', /^substitution: /u],
    ['a', 'b\\', /^substitution: /u],
    ['a', 'b c', /^substitution: /u],
    ['a', 'b\r\nc', /^substitution: /u],
  ])('of %s by %s is none', (pattern, substitution, words) => {
    expect(substitutionProblem(pattern, substitution)).toMatch(words);
  });
});
