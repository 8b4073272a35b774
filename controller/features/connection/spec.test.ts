import { describe, expect, it } from 'vitest';
import { Problems } from '../../resources/problems.ts';
import { translateKeepalive } from './spec.ts';

function problemsOf(spec: Parameters<typeof translateKeepalive>[0]): string {
  const problems = new Problems();
  translateKeepalive(spec, problems);
  return problems.toString();
}

describe('probes of idle connections', () => {
  it.each([{ probes: 1 }, { probes: 127, idleTime: '1s', interval: '32767s' }])('may be %j', (spec) => {
    expect(problemsOf(spec)).toBe('');
  });

  it.each([
    [{ probes: 0 }, 'tcpKeepalive.probes: found 0, accepted is 1 to 127'],
    [{ probes: 128 }, 'tcpKeepalive.probes: found 128, accepted is 1 to 127'],
    [{ idleTime: '500ms' }, 'tcpKeepalive.idleTime: found 0, accepted is 1 to 32767'],
    [{ interval: '10h' }, 'tcpKeepalive.interval: found 36000, accepted is 1 to 32767'],
  ])('may not be %j: no socket takes them', (spec, told) => {
    expect(problemsOf(spec)).toBe(told);
  });
});
