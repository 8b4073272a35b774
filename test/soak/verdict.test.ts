import { describe, expect, it } from 'vitest';
import type { LoadReport } from '../bench/load.ts';
import { errorsIn } from './logged.ts';
import { parseSoak } from './options.ts';
import { reportOf } from './report.ts';
import { type Change, type Clients, longestAgo, type SoakResult } from './soak.ts';
import { problemsOf } from './verdict.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

const clients = (more: Partial<Clients> = {}): Clients => ({
  name: 'somebody',
  needs: [],
  isRefused: false,
  plan: {
    port: 1,
    targets: [{ host: 'h', path: '/', excused: 503 }],
    connections: 1,
    pace: 1,
    timeout: 1,
    most: 1,
  },
  ...more,
});
const report = (more: Partial<LoadReport> = {}): LoadReport => ({
  asked: 10,
  lost: 0,
  losses: [],
  statuses: { 200: 10 },
  excused: [],
  ...more,
});

/** Ten minutes, of which the middle eight are quiet; `usage` says what the controller has at a minute. */
function soaked(
  more: Partial<SoakResult> = {},
  usage: (minute: number) => readonly [number, number, number?] = () => [100, 30],
): SoakResult {
  const samples = Array.from({ length: 100 }, (_, index) => {
    const minute = index / 10;
    const [mib, files, pid = 7] = usage(minute);
    return { at: BEGIN + minute * MINUTE, processes: [{ name: 'controller', pid, mib, files }] };
  });
  return {
    whole: { from: BEGIN, to: BEGIN + 10 * MINUTE },
    quiet: { from: BEGIN + MINUTE, to: BEGIN + 9 * MINUTE },
    traffic: [{ clients: clients(), report: report() }],
    changes: [{ name: 'edit', from: BEGIN, to: BEGIN + 40 }],
    outages: [],
    samples,
    collected: [new Map(), new Map()],
    errors: [],
    ...more,
  };
}

describe('a soak', () => {
  it('in which nothing was lost and nothing grew is good', () => {
    expect(problemsOf(soaked())).toEqual([]);
  });

  it('is not when a request was lost, or a change failed', () => {
    const lost = report({ lost: 1, losses: [{ host: 'h/', what: '503 no', at: BEGIN }] });
    expect(problemsOf(soaked({ traffic: [{ clients: clients(), report: lost }] }))).toEqual([
      'somebody: 1 requests lost or answered wrongly: 2026-01-01T00:00:00.000Z h/: 503 no',
    ]);
    const failed = { name: 'edit', from: BEGIN, to: BEGIN + 1, failure: 'waited in vain' };
    expect(problemsOf(soaked({ changes: [failed] }))).toEqual(['edit: waited in vain']);
  });

  it('is not when somebody without a right to it was let through, once', () => {
    const traffic = [{ clients: clients({ isRefused: true }), report: report({ statuses: { 200: 1, 401: 9 } }) }];
    expect(problemsOf(soaked({ traffic }))).toEqual(['somebody: LET THROUGH 1 times']);
  });

  it('excuses what comes while something that the route needs is away, and nothing else', () => {
    const away = { from: BEGIN + MINUTE, to: BEGIN + 2 * MINUTE };
    const traffic = (needs: Clients['needs']) => [
      {
        clients: clients({ needs }),
        report: report({ excused: [{ from: away.from + 10, to: away.to + 10, took: 7 }] }),
      },
    ];
    const outages = [{ of: 'redis', ...away }] as const;
    expect(problemsOf(soaked({ outages, traffic: traffic(['redis']) }))).toEqual([]);
    for (const other of [soaked({ outages, traffic: traffic(['sidecar']) }), soaked({ traffic: traffic(['redis']) })]) {
      expect(problemsOf(other)).toEqual([
        'somebody: not served without a reason: 2026-01-01T00:01:00.010Z for 60000 ms, after 7 ms',
      ]);
    }
  });

  it('says of what nothing excuses which errors were logged then', () => {
    const at = BEGIN + MINUTE;
    const log = [
      JSON.stringify({ level: 50, time: at - 500, msg: 'cannot be counted', err: { message: 'no answer' } }),
      JSON.stringify({ level: 30, time: at, msg: 'all is well' }),
      JSON.stringify({ level: 50, time: at + 60_000, msg: 'much later' }),
      'no JSON',
    ];
    const traffic = [{ clients: clients(), report: report({ excused: [{ from: at, to: at, took: 1_003 }] }) }];
    expect(problemsOf(soaked({ traffic, errors: errorsIn(log.join('\n'), 'sidecar') }))).toEqual([
      'somebody: not served without a reason: 2026-01-01T00:01:00.000Z for 0 ms, after 1003 ms (sidecar: cannot be counted: no answer)',
    ]);
  });

  it('is not when a process grew while it was left alone, or ended by itself', () => {
    expect(problemsOf(soaked({}, (minute) => [100 + minute * 10, 30]))).toEqual(['controller: memory grew']);
    expect(problemsOf(soaked({}, (minute) => [100, 30 + minute * 5]))).toEqual(['controller: open files grew']);
    expect(problemsOf(soaked({}, (minute) => [100, 30, minute < 5 ? 7 : 8]))).toEqual([
      'controller: it was started 1 times, though nobody ended it',
    ]);
    // What Node may keep until it is short of memory is not what is looked at, where the rest is known.
    const without = (after: number) => [new Map([['controller', 100]]), new Map([['controller', after]])] as const;
    expect(problemsOf(soaked({ collected: without(104) }, (minute) => [100 + minute * 10, 30]))).toEqual([]);
    expect(problemsOf(soaked({ collected: without(150) }))).toEqual(['controller: memory grew']);
    // At the beginning and at the end processes are ended.
    expect(problemsOf(soaked({}, (minute) => [minute > 9 ? 900 : 100, 30, minute > 9 ? 8 : 7]))).toEqual([]);
  });

  it('is not judged by the connections that are gone while the API server is away', () => {
    const away = { of: 'API server', from: BEGIN + MINUTE, to: BEGIN + 3.5 * MINUTE } as const;
    const usage = (minute: number): readonly [number, number] => [100, minute <= 3.5 ? 30 : 65];
    expect(problemsOf(soaked({ outages: [away] }, usage))).toEqual([]);
    expect(problemsOf(soaked({}, usage))).toEqual(['controller: open files grew']);
  });

  it('is told with its numbers, and what is wrong with it', () => {
    const head = { mode: 'files', commit: 'abc', machine: '2 cores', note: 'The machine was shared.' } as const;
    const text = reportOf(soaked(), head);
    expect(text).toContain('- 2026-01-01T00:00Z, commit abc, 10.0 minutes\n- 2 cores\n- The machine was shared.\n');
    expect(text).toContain('**10 requests, 0 of them lost or answered wrongly**; 0 refused');
    expect(text).toContain('| controller | 100 | 100 | - | - | 30 | 30 |');
    const wrong = soaked({ changes: [{ name: 'edit', from: BEGIN, to: BEGIN + 9, failure: 'in vain' }] });
    expect(reportOf(wrong, head)).toContain('**wrong:**\n  - edit: in vain');
  });
});

describe('the changes of a soak', () => {
  it('are made in turn, those first that were not made for longest', () => {
    const change = (name: string): Change => ({ name, ends: false, make: () => Promise.resolve() });
    const all = ['one', 'two', 'three'].map(change);
    const made = (...names: readonly string[]) => names.map((name) => ({ name, from: 0, to: 0 }));
    expect(longestAgo(all, [])?.name).toBe('one');
    expect(longestAgo(all, made('one'))?.name).toBe('two');
    expect(longestAgo(all, made('one', 'two', 'three', 'one'))?.name).toBe('two');
    expect(longestAgo([], made('one'))).toBeUndefined();
  });
});

describe('the arguments of a soak', () => {
  it('are minutes, where the report goes and what it says of the circumstances', () => {
    expect(parseSoak([], '/kept')).toEqual({
      kind: 'options',
      options: { mode: 'files', minutes: 30, out: '/kept/report.md', note: undefined },
    });
    expect(parseSoak(['--minutes', '5', '--out', '/other.md'], '/kept')).toMatchObject({
      options: { minutes: 5, out: '/other.md' },
    });
    expect(parseSoak(['--cluster'], '/kept')).toMatchObject({
      options: { mode: 'cluster', out: '/kept/cluster-report.md' },
    });
    expect(parseSoak(['--minutes', '0'], '/kept')).toMatchObject({ kind: 'usage' });
    expect(parseSoak(['--hours', '1'], '/kept')).toMatchObject({ kind: 'usage' });
  });
});
