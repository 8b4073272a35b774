import { describe, expect, it } from 'vitest';
import type { ProxyRejections } from '#controller/status/rejections.ts';
import { readRejections, writeRejections } from './rejection-lines.ts';

const SHOP: ProxyRejections = {
  key: 'default/shop',
  rejected: [{ type: 'listener', name: 'default/shop/web', message: 'port "taken"\n', policies: ['default/p'] }],
  rejectedRoutes: [
    { name: 'httproute/default/app/rule/0/match/0', because: 'cluster c', isClosed: true, message: 'no' },
    { name: 'httproute/default/other/rule/0/match/0', message: 'no' },
  ],
};
const BLOG: ProxyRejections = {
  key: 'default/blog',
  rejected: [{ type: 'cluster', name: 'c', message: 'no', policies: [] }],
  rejectedRoutes: [],
};
const NEWS: ProxyRejections = {
  key: 'default/news',
  rejected: [
    { type: 'virtual-host', name: 'default/news/web/any', message: 'no', policies: ['default/p'], instead: 'error' },
  ],
  rejectedRoutes: [],
};

describe('what proxies reject, as text', () => {
  it('is read as it was written, in one order', () => {
    const { text, leftOut } = writeRejections([SHOP, NEWS, BLOG]);
    expect(leftOut).toBe(0);
    expect(readRejections(text)).toEqual([BLOG, NEWS, SHOP]);
    expect(writeRejections([BLOG, SHOP, NEWS]).text).toBe(text);
  });

  it('is empty for nothing', () => {
    expect(writeRejections([])).toEqual({ text: '', leftOut: 0 });
    expect(readRejections('')).toEqual([]);
  });

  it('has what is known of it and no more, whatever else whoever hands it over has', () => {
    const rejected = BLOG.rejected.map((one) => ({ ...one, version: 'x' }));
    expect(writeRejections([{ ...BLOG, rejected }]).text).toBe(writeRejections([BLOG]).text);
  });

  it('has one line for each object whose routes are held back', () => {
    const rejectedRoutes = ['app/rule/0', 'app/rule/1', 'other/rule/0', 'app/rule/2'].map((name) => ({
      name: `httproute/default/${name}`,
      message: 'no',
    }));
    const [read] = readRejections(writeRejections([{ ...SHOP, rejectedRoutes }]).text);
    expect(read?.rejectedRoutes.map(({ name }) => name)).toEqual([
      'httproute/default/app/rule/0',
      'httproute/default/other/rule/0',
    ]);
  });

  it('is bounded: long messages are cut, and what there is no space for is counted', () => {
    const rejected = Array.from({ length: 100 }, (_, at) => ({
      type: 'cluster',
      name: `c${at}`,
      message: 'é'.repeat(5_000),
      policies: [],
    }));
    const { text, leftOut } = writeRejections([{ ...BLOG, rejected }], 20_000);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
    const [read] = readRejections(text);
    expect(read?.rejected.length).toBe(100 - leftOut);
    expect(leftOut).toBeLessThan(95);
    expect(writeRejections([{ ...BLOG, rejected }]).leftOut).toBe(0);
  });

  it.each([
    'no JSON',
    '[]',
    'null',
    '{"proxy":1}',
    '{"proxy":"p","resource":{"type":"cluster"}}',
    '{"proxy":"p","route":"x"}',
    '{"proxy":"p","later":{}}',
  ])('is read past a line that is none: %s', (line) => {
    const read = readRejections(`${line}\n${writeRejections([BLOG]).text}`);
    expect(read.filter(({ rejected, rejectedRoutes }) => rejected.length + rejectedRoutes.length > 0)).toEqual([BLOG]);
  });
});
