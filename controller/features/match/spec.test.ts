import { describe, expect, it } from 'vitest';
import { RegexBudget } from '../../regex/automaton.ts';
import { addressBlock, resolvePathMatch } from './spec.ts';

describe('a block of addresses', () => {
  it.each([
    ['10.0.0.0/8', '0a000000', 8],
    ['10.1.2.3/8', '0a000000', 8],
    ['192.168.1.77/26', 'c0a80140', 26],
    ['0.0.0.0/0', '00000000', 0],
    ['fd00::/8', 'fd000000000000000000000000000000', 8],
    ['2001:db8::ff/127', '20010db80000000000000000000000fe', 127],
    ['1:2:3:4:5:6:7:8/128', '00010002000300040005000600070008', 128],
    ['::/0', '00000000000000000000000000000000', 0],
    ['::1.2.3.4/128', '00000000000000000000000001020304', 128],
    ['::ffff:1.2.3.4/128', '01020304', 32],
    ['::ffff:0:0/96', '00000000', 0],
    ['::ffff:0:0/95', '00000000000000000000fffe00000000', 95],
  ])('%s', (cidr, network, prefixLength) => {
    const block = addressBlock(cidr);
    expect([Buffer.from(block.network).toString('hex'), block.prefixLength]).toEqual([network, prefixLength]);
  });
});

describe('a comparison of the path', () => {
  it('is written as requests have it when they are compared', () => {
    expect(resolvePathMatch({ type: 'Exact', value: '/%7Ea%2Fb', invert: false }, new RegexBudget())).toEqual({
      ok: true,
      value: { match: { kind: 'exact', value: '/~a%2Fb' }, invert: false },
    });
  });

  it.each([
    ['/a|b', '/a%7Cb'],
    ['/a b', '/a%20b'],
    ['/{a}^<b>`"', '/%7Ba%7D%5E%3Cb%3E%60%22'],
    [String.raw`/a\b`, '/a/b'],
    ['/café', '/caf%C3%A9'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/%cz%%ab%', '/%Cz%%AB%'],
    ["/a-._~!$&'()*+,;=:@[]", "/a-._~!$&'()*+,;=:@[]"],
  ])('%s is written as Envoy writes it: %s', (value, written) => {
    expect(resolvePathMatch({ type: 'Exact', value, invert: false }, new RegexBudget())).toEqual({
      ok: true,
      value: { match: { kind: 'exact', value: written }, invert: false },
    });
  });

  it.each(['/a?b', '/a#b', '/a/../b', '/a/.', '/%2e%2E/b', '/a\nb', String.raw`/a\..`])(
    'with %j, which no path is, is refused',
    (value) => {
      for (const type of ['Exact', 'PathPrefix'] as const)
        expect(resolvePathMatch({ type, value, invert: false }, new RegexBudget())).toMatchObject({ ok: false });
    },
  );

  it.each([
    ['/a/', '/a'],
    ['/a', '/a'],
    ['/', ''],
  ])('with the prefix %s is one of path elements: %j', (value, prefix) => {
    expect(resolvePathMatch({ type: 'PathPrefix', value, invert: true }, new RegexBudget())).toEqual({
      ok: true,
      value: { match: { kind: 'prefix', value: prefix }, invert: true },
    });
  });

  it.each([
    String.raw`/a\|b`,
    '/café',
    String.raw`/a\?b=.*`,
    '/a{ ',
    '/(é|[à-ü])',
    '/x é+',
    '/a b?',
    String.raw`/[\^{}]+`,
    '(?i)/É',
  ])('with the regular expression %s, which matches no path, is refused', (value) => {
    const found = resolvePathMatch({ type: 'RegularExpression', value, invert: true }, new RegexBudget());
    expect(found).toMatchObject({ ok: false });
  });

  it.each(['/a%7Cb', String.raw`/a(\?.*)?`, '/(é|e)', '/[^/]+', '/a.*', String.raw`/\pL`, '', '/[é-ÿa]x'])(
    'with the regular expression %s, which matches some, is taken',
    (value) => {
      const found = resolvePathMatch({ type: 'RegularExpression', value, invert: false }, new RegexBudget());
      expect(found.ok).toBe(true);
    },
  );

  it('with a regular expression that is none is refused', () => {
    expect(resolvePathMatch({ type: 'RegularExpression', value: '(', invert: false }, new RegexBudget())).toMatchObject(
      {
        ok: false,
        refusal: { message: 'the regular expression ( is not accepted: a "(" is not closed' },
      },
    );
  });
});
