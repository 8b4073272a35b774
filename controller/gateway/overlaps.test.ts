import { describe, expect, it } from 'vitest';
import { covers } from './hostnames.ts';
import { hostnamesWithin, overlapsAmong } from './overlaps.ts';

const NAMES = [
  '*',
  'a.example',
  'b.a.example',
  '*.a.example',
  '*.b.a.example',
  'c.b.a.example',
  'other.test',
  '*.test',
];

describe('overlapsAmong', () => {
  it.each(NAMES)('finds what covers %s, and what it covers', (name) => {
    const { narrower, wider } = overlapsAmong(NAMES)(name);
    const others = NAMES.filter((other) => other !== name);
    expect([...narrower].sort()).toEqual(others.filter((other) => covers(name, other)).sort());
    expect([...wider].sort()).toEqual(others.filter((other) => covers(other, name)).sort());
  });

  it('finds nothing among host names that have nothing to do with each other', () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `host-${index}.example.com`);
    const overlapOf = overlapsAmong(names);
    expect(names.every((name) => overlapOf(name).narrower.length + overlapOf(name).wider.length === 0)).toBe(true);
  });
});

describe('hostnamesWithin', () => {
  it.each([
    ['a.example', ['a.example']],
    ['x.a.example', ['*.a.example']],
    ['*.a.example', ['*.a.example', 'b.a.example']],
    ['*.b.a.example', ['*.b.a.example', '*.a.example', 'c.b.a.example']],
    ['*.example', ['a.example']],
    ['nobody.com', []],
  ])('finds whom a certificate for %s is good for', (certified, found) => {
    expect(hostnamesWithin(NAMES)([certified])).toEqual(found);
  });

  it('lets a certificate stand for the many that share it', () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `host-${index}.example.com`);
    expect(hostnamesWithin(names)(['*.example.com', 'host-1.example.com'])).toEqual([
      '*.example.com',
      'host-1.example.com',
    ]);
  });
});
