import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { readRecord } from '#controller/infra/local/process-record.ts';
import type { Bench } from '../bench.ts';
import type { Child } from '../child.ts';
import { type Measured, result } from '../result.ts';
import { startSluice } from '../sluice.ts';
import { median, round, spreadOf } from '../statistics.ts';
import { threadsCpu } from './envoy-cpu.ts';
import type { FilterCase } from './filter-case.ts';
import { filterCases } from './filter-cases.ts';
import { filterManifests } from './filter-manifests.ts';
import { logIn } from './log-in.ts';
import { CORES, load, type Loaded } from './load-generator.ts';
import { backEndBootstrap, nativeBootstrap, PATHS } from './native-bootstrap.ts';
import { noOpFilter } from './no-op.ts';
import { answers, pinnedEnvoy } from './pinned-envoy.ts';
import { providerCluster, SESSION_SECRETS, sessionCase, startProvider } from './session-case.ts';
import { serveModule } from './served-module.ts';

/** What is asked of one Envoy: the case, and what it is measured against. */
interface Place {
  readonly name: string;
  readonly side: 'native' | 'ours';
  readonly port: number;
  readonly load: Pick<FilterCase, 'headers' | 'tokens'>;
}

/** The measurements of a place, one a round. */
interface Taken {
  /** CPU of Envoy for one request: microseconds. */
  readonly cpu: number[];
  /** Requests a second. */
  readonly rate: number[];
}

const NOTHING = { headers: {} } as const;

/**
 * (a): what policies cost Envoy, beside native filters that do the same. One worker has a core for itself; load and back-end
 * have the other. All places are measured in every round, in an order that changes, each against the place without a filter
 * of its own Envoy in the same round.
 */
export async function benchFilters(bench: Bench): Promise<void> {
  await bench.attempt('(a) filters', () => measure(bench));
}

async function measure(bench: Bench): Promise<void> {
  const folder = bench.folder();
  const first = bench.options.ports + 20;
  const module = await serveModule('header-rewrite', first + 38);
  const backEnd = first;
  const at = { nothing: first + 1, noOp: first + 2, ours: first + 3, session: first + 34, provider: first + 36 };
  const provider = await startProvider(at.provider, [at.session, at.session + 1]);
  const cases = [...filterCases(module), sessionCase(at.provider, at.session + 1)];
  const placed = cases.map((each, index) => ({
    ...each,
    port: each.logsIn === true ? at.session : first + 4 + 2 * index,
  }));
  const ours = placed.map(({ id, manifests, port }) => ({ id, manifests, port: port + 1 }));
  const listeners = [
    { name: 'nothing', port: at.nothing, filters: [] },
    { name: 'no-op', port: at.noOp, filters: [await noOpFilter(folder)] },
    ...placed.map(({ id, port, native }) => ({ name: id, port, filters: native })),
  ];
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests);
  writeFileSync(
    join(manifests, 'bench.yaml'),
    filterManifests([{ id: 'nothing', port: at.ours, manifests: '' }, ...ours], backEnd),
  );
  const children: Child[] = [];
  try {
    children.push(pinnedEnvoy(bench.folder(), backEndBootstrap(backEnd), CORES.others));
    const clusters = [providerCluster(at.provider)];
    const bootstrap = nativeBootstrap(listeners, backEnd, { clusters, secrets: SESSION_SECRETS });
    const native = pinnedEnvoy(bench.folder(), bootstrap, CORES.measured);
    children.push(native);
    const sluiceFolder = bench.folder();
    const through = ['taskset', '-c', CORES.measured, process.execPath] as const;
    const sluice = startSluice({ manifests, folder: sluiceFolder, ports: bench.ports, through });
    children.push(sluice);
    const places: Place[] = [
      { name: 'nothing', side: 'native', port: at.nothing, load: NOTHING },
      { name: 'no-op', side: 'native', port: at.noOp, load: NOTHING },
      { name: 'nothing', side: 'ours', port: at.ours, load: NOTHING },
    ];
    await answers(at.ours, PATHS.direct, {}, 302, sluice);
    const oursPid = await envoyOf(sluiceFolder);
    for (const each of placed) {
      const loads = await bench.attempt(`(a) ${each.id}: both give the same answers`, () =>
        Promise.all([each.port, each.port + 1].map((port) => answersRight(each, port, sluice))),
      );
      for (const [index, side] of (['native', 'ours'] as const).entries()) {
        const passing = loads?.[index];
        if (passing !== undefined) places.push({ name: each.id, side, port: each.port + index, load: passing });
      }
    }
    const pids = { native: native.pid, ours: oursPid };
    const direct = await rounds(bench, places, pids, PATHS.direct, folder);
    const proxied = await rounds(
      bench,
      places.filter(({ name }) => name === 'nothing' || name === 'chain'),
      pids,
      PATHS.proxied,
      folder,
    );
    for (const each of cases) report(bench, each, direct, proxied);
  } finally {
    module.stop();
    await provider.stop();
    await Promise.all(children.map((child) => child.stop()));
  }
}

async function rounds(
  bench: Bench,
  places: readonly Place[],
  pids: Readonly<Record<Place['side'], number>>,
  path: string,
  folder: string,
): Promise<ReadonlyMap<string, Taken>> {
  const taken = new Map<string, Taken>(places.map(({ side, name }) => [`${side} ${name}`, { cpu: [], rate: [] }]));
  for (let turn = 0; turn < bench.options.rounds; turn += 1) {
    bench.say(`  ${path}: round ${turn + 1} of ${bench.options.rounds}`);
    // Whoever comes after another has its heat; so everyone comes after everyone else at some time.
    const order = places.map((_, index) => places[(index * (turn + 1) + turn) % places.length]);
    for (const place of new Set([...order, ...places])) {
      if (place === undefined) continue;
      const { requests, rate, cpu } = await one(place, pids[place.side], path, folder, bench.options.loadSeconds);
      const of = taken.get(`${place.side} ${place.name}`);
      of?.cpu.push(cpu / requests);
      of?.rate.push(rate);
    }
  }
  return taken;
}

async function one(
  { port, load: { headers, tokens } }: Place,
  pid: number,
  path: string,
  folder: string,
  seconds: number,
): Promise<Loaded & { readonly cpu: number }> {
  const before = threadsCpu(pid);
  const loaded = await load(folder, { port, path, headers, tokens, seconds });
  return { ...loaded, cpu: threadsCpu(pid) - before };
}

function report(
  bench: Bench,
  { id, words }: FilterCase,
  direct: ReadonlyMap<string, Taken>,
  proxied: ReadonlyMap<string, Taken>,
): void {
  const [ours, native] = [added(direct, 'ours', id), added(direct, 'native', id)];
  if (ours === undefined || native === undefined) return;
  const noOp = added(direct, 'native', 'no-op') ?? [];
  const line = (measured: Omit<Measured, 'n'>): void => bench.add(result({ n: 1, ...measured }));
  const target = targetOf(id, median(noOp));
  line({
    id: `a/${id}`,
    case: `${words}: CPU of Envoy added to a request; reference: native (µs)`,
    ours: median(ours),
    reference: median(native),
    spread: `${spreadOf(ours)}; ${spreadOf(native)}; a filter that does nothing: ${round(median(noOp))}`,
    target,
  });
  const [kept, keptNative] = [throughput(proxied, 'ours', id), throughput(proxied, 'native', id)];
  if (kept === undefined || keptNative === undefined) return;
  line({
    id: `a/${id}/proxied`,
    case: `${words}: proxied throughput kept, of that without a filter; reference: native`,
    ours: median(kept),
    reference: median(keptNative),
    spread: `${spreadOf(kept)}; ${spreadOf(keptNative)}`,
    target: { of: 'ratio', least: 0.98, words: 'at least 0.98 of native' },
  });
}

function targetOf(id: string, noOp: number): Measured['target'] {
  switch (id) {
    case 'chain':
      return { of: 'ratio', most: 1, words: 'at most native' };
    case 'jwt-es256':
      return { of: 'ratio', most: 1.3, words: 'at most 1.3 times native' };
    case 'authorization-1000':
      return { of: 'ratio', most: 1, words: 'at most native' };
    case 'authorization-1':
      return undefined;
    default:
      return { of: 'value', most: 2.5 * noOp, words: 'at most 2.5 times a filter that does nothing' };
  }
}

/** What a place costs above the place without a filter, round by round. */
function added(taken: ReadonlyMap<string, Taken>, side: Place['side'], name: string): readonly number[] | undefined {
  const base = taken.get(`${side} nothing`)?.cpu;
  return taken.get(`${side} ${name}`)?.cpu.map((cpu, turn) => cpu - (base?.[turn] ?? Number.NaN));
}

function throughput(
  taken: ReadonlyMap<string, Taken>,
  side: Place['side'],
  name: string,
): readonly number[] | undefined {
  const base = taken.get(`${side} nothing`)?.rate;
  return taken.get(`${side} ${name}`)?.rate.map((rate, turn) => rate / (base?.[turn] ?? Number.NaN));
}

/** Asks what passes and what does not; gives how to ask for what passes. */
async function answersRight(
  { headers, tokens, refused, logsIn }: FilterCase,
  port: number,
  sluice: Child,
): Promise<Place['load']> {
  if (refused !== undefined) await answers(port, PATHS.direct, refused.headers, refused.status, sluice);
  if (logsIn === true) {
    await answers(port, PATHS.direct, {}, 302, sluice);
    return { headers: { cookie: await logIn(`http://127.0.0.1:${port}${PATHS.proxied}`, 200) } };
  }
  const [token] = tokens ?? [];
  const good = token === undefined ? headers : { ...headers, authorization: token };
  await answers(port, PATHS.direct, good, 302, sluice);
  return { headers, ...(tokens !== undefined && { tokens }) };
}

/** The process of the only Envoy of a run. */
async function envoyOf(folder: string): Promise<number> {
  const record = await readRecord(join(proxyPaths(join(folder, 'state'), 'default/bench').folder, 'envoy.process'));
  if (record === undefined) throw new Error(`no Envoy in ${readdirSync(folder).join(', ')}`);
  return record.pid;
}
