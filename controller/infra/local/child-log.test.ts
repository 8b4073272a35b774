import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { passOn } from './child-log.ts';

/** What our log says of a line of a process. */
function logged(line: string): unknown {
  const lines: string[] = [];
  const log = pino({ level: 'debug', base: null, timestamp: false }, { write: (text) => lines.push(text) });
  passOn(line, log);
  return JSON.parse(lines.join(''));
}

describe('a line of a process', () => {
  it.each([
    ['[2026-01-01 00:00:00.0][7][warning][main] [a.cc:1] hm', 40],
    ['[2026-01-01 00:00:00.0][7][critical][main] [a.cc:1] oh', 50],
    ['[2026-01-01 00:00:00.0][7][warning][main] [server.cc:1] caught ENVOY_SIGTERM', 20],
    ["[2026-01-01 00:00:00.0][7][warning][misc] [a.cc:1] message 'x' is marked as work-in-progress. It", 20],
    [
      '[2026-01-01 00:00:00.0][7][warning][config] [a.h:1] DeltaAggregatedResources gRPC config stream to xds_cluster closed: 13',
      20,
    ],
    ['[2026-01-01 00:00:00.0][7][info][main] [a.cc:1] x', 30],
    ['something else', 30],
  ])('of Envoy, %s, is logged at level %i', (line, level) => {
    expect(logged(line)).toEqual({ level, msg: line });
  });

  it('of our own programs keeps its fields and level', () => {
    expect(logged('{"level":40,"time":1,"pid":7,"port":80,"msg":"x"}')).toEqual({ level: 40, port: 80, msg: 'x' });
  });
});
