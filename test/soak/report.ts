import { median, round } from '../bench/statistics.ts';
import type { SoakOptions } from './options.ts';
import type { SoakResult } from './soak.ts';
import { growths } from './usage.ts';
import { FILES_LIMIT, MEMORY_LIMIT, problemsOf } from './verdict.ts';

/** What a report says beside what was measured. */
export interface ReportHead {
  readonly mode: SoakOptions['mode'];
  /** What was soaked: a commit. */
  readonly commit: string;
  readonly machine: string;
  readonly note: string | undefined;
}

const MODES = {
  files: { title: 'on files', command: 'npm run soak' },
  cluster: { title: 'on the test cluster', command: 'npm run soak -- --cluster' },
} as const;

const USAGE = [
  'process',
  'memory (MiB): first',
  'last',
  'without garbage: first',
  'last',
  'open files: first',
  'last',
] as const;

/** The report of a soak in Markdown. */
export function reportOf(result: SoakResult, { mode, commit, machine, note }: ReportHead): string {
  const { whole, traffic } = result;
  const problems = problemsOf(result);
  const sum = (of: 'asked' | 'lost'): number => traffic.reduce((total, { report }) => total + report[of], 0);
  const excused = traffic.reduce((total, { clients, report }) => total + excusedOf(clients.plan, report.statuses), 0);
  const minutes = ((whole.to - whole.from) / 60_000).toFixed(1);
  const { title, command } = MODES[mode];
  const rows = processRows(result);
  return `# The last soak, ${title}

\`${command}\` wrote this; what it does is in [test/README.md](../README.md).

- ${new Date(whole.from).toISOString().slice(0, 16)}Z, commit ${commit}, ${minutes} minutes
- ${machine}${note === undefined ? '' : `\n- ${note}`}
- **${sum('asked')} requests, ${sum('lost')} of them lost or answered wrongly**; ${excused} refused while what their route needs was away
- ${problems.length === 0 ? 'nothing is wrong' : `**wrong:**\n${problems.map((problem) => `  - ${problem}`).join('\n')}`}

## Traffic

${table(['clients', 'requests', 'lost or wrong', 'answers by status'], trafficRows(result))}
## Changes

Each is waited for until it shows to a client. Those that end processes are made in the first tenth of the time and in the last
(45 s at least, of a short time).

${table(['change', 'times', 'until it shows: median (ms)', 'longest (ms)', 'failed'], changeRows(result))}
## Processes

Medians of the first quarter and of the last quarter of the time in which no process is ended, without the two minutes (a fifth
of the time at most) in which those that were started at the beginning warm up, and without the times in which the API server was
away (connections to it are open files); without garbage: what processes of Node have right after they were made to collect all of it, at the beginning of that time and at its end. Limits: memory, without garbage where that
is known, ${MEMORY_LIMIT.share * 100} % and ${MEMORY_LIMIT.mib} MiB more, ${FILES_LIMIT} open files more.

${rows.length === 0 ? 'It was too short a time to see anything grow.\n' : table(USAGE, rows)}`;
}

function trafficRows({ traffic }: SoakResult): readonly (readonly (string | number)[])[] {
  return traffic.map(({ clients: { name }, report: { asked, lost, statuses } }) => [
    name,
    asked,
    lost,
    Object.entries(statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
  ]);
}

function changeRows({ changes }: SoakResult): readonly (readonly (string | number)[])[] {
  return [...new Set(changes.map(({ name }) => name))].map((name) => {
    const made = changes.filter((one) => one.name === name);
    const took = made.map(({ from, to }) => to - from);
    const failures = made.filter(({ failure }) => failure !== undefined).length;
    return [name, made.length, round(median(took)), Math.max(...took), failures];
  });
}

function processRows(result: SoakResult): readonly (readonly (string | number)[])[] {
  return growths(result).map(({ name, mib, collected, files }) => [
    name,
    ...mib,
    ...collected.map((one) => one ?? '-'),
    ...files,
  ]);
}

function excusedOf(
  { targets }: SoakResult['traffic'][number]['clients']['plan'],
  statuses: { readonly [status: number]: number },
): number {
  const all = new Set(targets.flatMap(({ excused }) => (excused === undefined ? [] : [excused])));
  return [...all].reduce((total, status) => total + (statuses[status] ?? 0), 0);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}
