import { describe, expect, it } from 'vitest';
import { ChangeLog } from './change-log.ts';

describe('a log of changes', () => {
  it('tells what changed since a version, and nothing that changed before', () => {
    const log = new ChangeLog();
    log.note(1, 'a', 'x');
    log.note(2, 'a', 'y');
    log.note(3, 'b', 'x');
    expect(log.since(1)).toEqual(
      new Map([
        ['a', new Set(['y'])],
        ['b', new Set(['x'])],
      ]),
    );
    expect(log.since(3)).toEqual(new Map());
  });

  it('says so when it does not know any more', () => {
    const log = new ChangeLog();
    for (let version = 1; version <= 10_000; version += 1) log.note(version, 'a', String(version));
    expect(log.since(0)).toBeUndefined();
    expect(log.since(9_000)).toBeUndefined();
    expect(log.since(9_998)).toEqual(new Map([['a', new Set(['9999', '10000'])]]));
  });
});
