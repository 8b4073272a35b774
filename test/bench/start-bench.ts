import { performance } from 'node:perf_hooks';
import { type Bench, PATIENCE, shapeOf, wordsOf } from './bench.ts';
import { startEnvoy, writeBootstrap } from './bare-envoy.ts';
import type { Workload } from './options.ts';
import { type Limit, result } from './result.ts';
import { startSluice } from './sluice.ts';
import { staticBootstrap } from './static-bootstrap.ts';
import { median, spreadOf } from './statistics.ts';
import { translated } from './translated.ts';
import { untilAnswer } from './until-answer.ts';
import { hostOf, worldOf, writeWorld } from './world.ts';

const TARGET: Limit = { of: 'ratio', most: 2, words: 'at most 2 times bare Envoy' };

/**
 * (b): from the start of the process to the first 200, Sluice against a bare Envoy with a static file of the same content,
 * in turn.
 */
export async function benchStart(bench: Bench): Promise<void> {
  for (const routes of bench.options.sizes) {
    for (const workload of bench.options.workloads) {
      const words = `(b) start, ${routes} routes, ${wordsOf(bench, workload)}`;
      await bench.attempt(words, () => benchOne(bench, workload, routes));
    }
  }
}

async function benchOne(bench: Bench, workload: Workload, routes: number): Promise<void> {
  const { options, ports } = bench;
  const manifests = bench.folder();
  writeWorld(manifests, worldOf(shapeOf(bench, workload, routes)));
  const bareFolder = bench.folder();
  const bootstrap = writeBootstrap(bareFolder, staticBootstrap(await translated(manifests, ports.bare)));
  const ours: number[] = [];
  const bare: number[] = [];
  const host = hostOf(0);
  for (let round = 0; round < options.starts; round += 1) {
    ours.push(await timed(() => startSluice({ manifests, folder: bench.folder(), ports }), ports.gateway, host));
    bare.push(await timed(() => startEnvoy(bootstrap, bareFolder), ports.bare, host));
  }
  bench.add(
    result({
      id: `b/start/${workload}`,
      case: `start to first 200, ${wordsOf(bench, workload)}; reference: bare Envoy, static file (ms)`,
      n: routes,
      ours: median(ours),
      reference: median(bare),
      spread: `${spreadOf(ours)}; ${spreadOf(bare)}`,
      target: TARGET,
    }),
  );
}

async function timed(
  start: () => { stop(): Promise<void>; output(): string },
  port: number,
  host: string,
): Promise<number> {
  const from = performance.now();
  const child = start();
  try {
    return (await untilAnswer({ port, host, is: ({ status }) => status === 200, within: PATIENCE })) - from;
  } catch (error) {
    throw new Error(`it never served; its output:\n${child.output()}`, { cause: error });
  } finally {
    await child.stop();
  }
}
