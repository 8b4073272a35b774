import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import type { Child } from '../child.ts';
import { observedProxy } from '../observed-proxy.ts';
import { startSluice } from '../sluice.ts';
import type { FilterCase } from './filter-case.ts';
import { filterCases } from './filter-cases.ts';
import { filterManifests } from './filter-manifests.ts';
import { reportCalls, reportFilter, reportLeases } from './filter-results.ts';
import { CLIENTS, LEASE_CASES } from './lease-cases.ts';
import { logIn } from './log-in.ts';
import { CORES } from './load-generator.ts';
import { backEndBootstrap, nativeBootstrap, PATHS } from './native-bootstrap.ts';
import { noOpFilter } from './no-op.ts';
import { answers, pinnedEnvoy } from './pinned-envoy.ts';
import { measurePlaces, type Place } from './place.ts';
import { providerCluster, SESSION_SECRETS, sessionCase, startProvider } from './session-case.ts';
import { serveModule } from './served-module.ts';

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
  const at = {
    nothing: first + 1,
    noOp: first + 2,
    ours: first + 3,
    leases: first + 30,
    session: first + 34,
    provider: first + 36,
  };
  const provider = await startProvider(at.provider, [at.session, at.session + 1]);
  const cases = [...filterCases(module), sessionCase(at.provider, at.session + 1)];
  const placed = cases.map((each, index) => ({
    ...each,
    port: each.logsIn === true ? at.session : first + 4 + 2 * index,
  }));
  const leases = LEASE_CASES.map((each, index) => ({ ...each, port: at.leases + index }));
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
    filterManifests([{ id: 'nothing', port: at.ours, manifests: '' }, ...ours, ...leases], backEnd),
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
    for (const each of placed) {
      const loads = await bench.attempt(`(a) ${each.id}: both give the same answers`, () =>
        Promise.all([each.port, each.port + 1].map((port) => answersRight(each, port, sluice))),
      );
      for (const [index, side] of (['native', 'ours'] as const).entries()) {
        const passing = loads?.[index];
        if (passing !== undefined) places.push({ name: each.id, side, port: each.port + index, load: passing });
      }
    }
    for (const { id, port } of leases) {
      await bench.attempt(`(a) ${id}`, async () => {
        await answers(port, PATHS.direct, {}, 302, sluice);
        places.push({ name: id, side: 'ours', port, load: { headers: {}, tokens: CLIENTS } });
      });
    }
    const proxies = { native: native.pid, ours: await observedProxy(join(sluiceFolder, 'state')) };
    const direct = await measurePlaces(bench, places, proxies, PATHS.direct);
    const throughBackEnd = places.filter(({ name }) => name === 'nothing' || name === 'chain');
    const proxied = await measurePlaces(bench, throughBackEnd, proxies, PATHS.proxied);
    for (const each of cases) reportFilter(bench, each, direct, proxied);
    reportLeases(bench, direct);
    reportCalls(bench, cases, direct);
  } finally {
    await module.stop();
    await provider.stop();
    await Promise.all(children.map((child) => child.stop()));
  }
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
