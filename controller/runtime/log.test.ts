import { describe, expect, it } from 'vitest';
import { formatLine } from './log.ts';

const TIME = '2026-01-02T03:04:05.678Z';

describe('a line of the log for people', () => {
  it.each([
    [{ level: 30, time: TIME, msg: 'ready' }, '03:04:05.678 INFO  ready'],
    [
      { level: 30, time: TIME, gateway: 'default/shop', process: 'envoy', pid: 7, msg: 'process started' },
      '03:04:05.678 INFO  default/shop envoy: process started pid=7',
    ],
    [{ level: 20, time: TIME, reason: 'two words', msg: 'x' }, '03:04:05.678 DEBUG x reason="two words"'],
    [{ level: 30, time: TIME, err: { message: 'no', stack: 'at' }, msg: 'x' }, '03:04:05.678 INFO  x err="no"'],
  ])('of %o has time, level, origin, message and fields', (record, expected) => {
    expect(formatLine(JSON.stringify(record))).toBe(expected);
  });

  it('is passed on when it is of another form', () => {
    expect(formatLine('plain\n')).toBe('plain');
  });
});
