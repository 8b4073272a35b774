import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Part } from './options.ts';
import type { Result } from './result.ts';

const TITLES = {
  a: 'Filters',
  b: 'Start',
  c: 'One edit, memory',
  d: 'Edits under load',
  e: 'An exchange with a processor',
  f: 'A policy changed',
} as const satisfies { readonly [P in Part]: string };

/** Beside the results: why targets are missed, written by hand and taken over into README.md. */
const NOTES = 'missed.md';

/** A result as one line for a terminal. */
export function resultLine({ id, case: title, n, ours, reference, ratio, spread, target, met }: Result): string {
  return [
    `${id} n=${n}: ${ours}`,
    ...(reference === null ? [] : [`against ${reference} = ${ratio ?? '?'} times`]),
    ...(spread === '' ? [] : [`(${spread})`]),
    ...(target === null ? [] : [`[${target}: ${met === true ? 'met' : 'MISSED'}]`]),
    ` ${title}`,
  ].join(' ');
}

/** The tables in Markdown. */
export function tables(results: readonly Result[]): string {
  return Object.entries(TITLES)
    .filter(([part]) => results.some(({ id }) => id.startsWith(part)))
    .map(([part, title]) =>
      table(
        `(${part}) ${title}`,
        results.filter(({ id }) => id.startsWith(part)),
      ),
    )
    .join('\n');
}

function table(title: string, results: readonly Result[]): string {
  const header = ['case', 'n', 'ours', 'reference', 'ratio', 'spread', 'target', 'met'];
  const rows = results.map(({ case: words, n, ours, reference, ratio, spread, target, met }) => [
    words,
    n,
    ours,
    reference ?? '',
    ratio ?? '',
    spread,
    target ?? '',
    met === null ? '' : met ? 'yes' : '**no**',
  ]);
  const lines = [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `## ${title}\n\n${lines.join('\n')}\n`;
}

/** Writes `results.json` and `README.md`; the results of parts that did not run this time stay. */
export function writeReport(folder: string, ran: readonly Part[], fresh: readonly Result[], machine: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'results.json');
  const kept = existsSync(file) ? readResults(file).filter(({ id }) => !ran.some((part) => id.startsWith(part))) : [];
  const results = [...kept, ...fresh].toSorted((a, b) => (a.id[0] ?? '').localeCompare(b.id[0] ?? ''));
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  const notes = join(folder, NOTES);
  const why = existsSync(notes) ? `\n${readFileSync(notes, 'utf8')}` : '';
  writeFileSync(join(folder, 'README.md'), readme(results, machine) + why);
}

function readResults(file: string): readonly Result[] {
  // Written by writeReport, and by nothing else.
  const results: readonly Result[] = JSON.parse(readFileSync(file, 'utf8'));
  return results;
}

function readme(results: readonly Result[], machine: string): string {
  return `# Benchmark

\`npm run bench [-- a b c d e f] [--full] [--sizes N,N] [--quick] [--profiles FOLDER]\` writes this file and \`results.json\`.

Machine: ${machine}.

N HTTPRoutes with a host name each, 100 documents a file, over a fixed number of Services or over a Service each. Ours and
reference are measured in one run, in turn. Effect is from before the write of the file (in place) to the first new answer
through Envoy, asked for every 5 ms. Values are medians; the spread is least to greatest, ours; reference.

- (a) One worker of Envoy has a core, load (wrk) and back-end (an Envoy) have the other; every place is measured in every round. What is
  added is CPU time of Envoy's threads for one request, above that of the same Envoy without a filter in the same round; the answer is
  Envoy's own (a redirect), or proxied. Native filters do the same work and give the same answers. The global limit is one for each of
  64 clients in windows of a second; CPU of the sidecar, on the same core as Envoy, is in its figures.
- (b) The reference is Envoy with one static JSON file: routes inline, STATIC clusters, without the policy filter, which needs a server.
- (c) The reference is an ADS server that patches a few bytes of an encoded response and waits for the ACK of an Envoy with the same
  configuration. CPU is that of the controller's process from before the first edit until after the last. Resident memory is taken as it is, the heap
  after a full collection.
- (d) Lost is a request without an answer, with another status than 200 or with a wrong body, of 400 a second on 4 keep-alive connections. The
  black hole is a resolver that takes questions and never answers, for a Backend whose host name changes every 10 edits.
- (e) A processor that reads one request header and sets another; each of the three servers is asked by the same Envoy, over a Unix socket.
- (f) Every route has a JWT and an authorization policy, or the Gateway has; the reference is an edit of a route beside them, in turn. Bytes are those
  that Envoy counts from the xDS server, for a change and all that follows it.

${tables(results)}`;
}
