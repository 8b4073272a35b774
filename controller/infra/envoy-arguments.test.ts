import { describe, expect, it } from 'vitest';
import { saidArguments, withExtra } from './envoy-arguments.ts';

describe('the arguments of Envoy', () => {
  it('say levels of logs, for each component, in words of Envoy', () => {
    expect(saidArguments({})).toEqual([['--log-level', 'warning']]);
    const logging = { level: { default: 'info', upstream: 'warn', http: 'trace' } } as const;
    expect(saidArguments({ logging, concurrency: 3 })).toEqual([
      ['--log-level', 'info'],
      ['--component-log-level', 'http:trace,upstream:warning'],
      ['--concurrency', '3'],
    ]);
  });

  it('are the user’s where both say one: Envoy does not start with an argument that is there twice', () => {
    const ours = [['--log-level', 'warning'], ['--cpuset-threads'], ['--drain-time-s', '60']] as const;
    expect(withExtra(ours, { extraArgs: ['-l', 'debug', '--drain-time-s=5', '--x'] })).toEqual([
      '--cpuset-threads',
      '-l',
      'debug',
      '--drain-time-s=5',
      '--x',
    ]);
    expect(withExtra(ours, {})).toHaveLength(5);
  });
});
