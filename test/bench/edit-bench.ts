import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBarePush } from './bare-push.ts';
import { type Bench, PATIENCE, shapeOf, wordsOf } from './bench.ts';
import { openInspector } from './inspector.ts';
import type { Workload } from './options.ts';
import { cpuMs, residentKib } from './process-usage.ts';
import { type Limit, result } from './result.ts';
import { startSluice } from './sluice.ts';
import { median, spreadOf } from './statistics.ts';
import { translated } from './translated.ts';
import { untilAnswer } from './until-answer.ts';
import { EDIT_HEADER, editedFile, editValue, hostOf, worldOf, writeWorld } from './world.ts';

const EDIT_TARGET: Limit = { of: 'ratio', most: 1.5, words: 'at 5,000: at most 1.5 times the bare push' };
const CPU_TARGET: Limit = { of: 'ratio', most: 1.3, words: 'at 5,000: at most 1.3 times that at 1,000' };
const MEMORY_TARGET: Limit = { of: 'value', most: 40, words: 'at most 40 KiB' };
const BACK_TARGET: Limit = { of: 'ratio', most: 1.2, words: 'within 20% of the base' };

/** Between two edits, so that each is one of its own. Milliseconds. */
const BETWEEN = 250;

/** Memory of a controller: KiB. */
interface Memory {
  readonly resident: number;
  readonly heap: number;
}

/** (c): start to the last route, one edit against a bare push, CPU of an edit, memory of a route. */
export async function benchEdits(bench: Bench): Promise<void> {
  for (const workload of bench.options.workloads) {
    let base: Memory | undefined;
    let cpuAt1000: number | undefined;
    for (const routes of bench.options.sizes) {
      const measured = await bench.attempt(`(c) edits, ${routes} routes, ${wordsOf(bench, workload)}`, () =>
        benchOne(bench, workload, routes, base, cpuAt1000),
      );
      base ??= measured?.memory;
      if (routes === 1_000) cpuAt1000 = measured?.cpu;
    }
  }
}

async function benchOne(
  bench: Bench,
  workload: Workload,
  routes: number,
  base: Memory | undefined,
  cpuAt1000: number | undefined,
): Promise<{ readonly memory: Memory; readonly cpu: number }> {
  const { options, ports } = bench;
  const words = wordsOf(bench, workload);
  const shape = shapeOf(bench, workload, routes);
  const manifests = bench.folder();
  writeWorld(manifests, worldOf(shape));
  const bare = await startBarePush(await translated(manifests, ports.bare), bench.folder());
  const line = (what: string, title: string): { id: string; case: string; n: number } => ({
    id: `c/${what}/${workload}`,
    case: `${title}, ${words}`,
    n: routes,
  });
  const host = hostOf(routes - 1);
  const started = performance.now();
  const sluice = startSluice({ manifests, folder: bench.folder(), ports });
  try {
    const serving = await untilAnswer({
      port: ports.gateway,
      host,
      is: ({ status }) => status === 200,
      within: PATIENCE,
    });
    bench.add(result({ ...line('last-route', 'start to the last route serving (ms)'), ours: serving - started }));
    await bare.ready;
    await untilAnswer({ port: ports.bare, host, is: ({ status }) => status === 200, within: PATIENCE });
    await sleep(options.settled);

    const effects: number[] = [];
    const pushes: number[] = [];
    const edit = async (number: number): Promise<void> => {
      const { name, content } = editedFile(shape, number);
      const from = performance.now();
      writeFileSync(join(manifests, name), content);
      const seen = await untilAnswer({
        port: ports.gateway,
        host,
        is: ({ status, headers }) => status === 200 && headers.get(EDIT_HEADER) === editValue(number),
        within: PATIENCE,
      });
      effects.push(seen - from);
      await sleep(BETWEEN);
      pushes.push(await bare.push(number));
      await sleep(BETWEEN);
    };
    const cpuFrom = cpuMs(sluice.pid);
    for (let number = 1; number <= options.edits; number += 1) await edit(number);
    await sleep(options.settled);
    const cpu = (cpuMs(sluice.pid) - cpuFrom) / options.edits;
    bench.add(
      result({
        ...line('edit', 'one edit, write to effect; reference: bare pre-encoded push to ACK (ms)'),
        ours: median(effects),
        reference: median(pushes),
        spread: `${spreadOf(effects)}; ${spreadOf(pushes)}`,
        target: routes === 5_000 ? EDIT_TARGET : undefined,
      }),
    );
    bench.add(
      result({
        ...line('cpu', 'CPU of the controller for one edit; reference: at 1,000 (ms)'),
        ours: cpu,
        reference: routes > 1_000 ? cpuAt1000 : undefined,
        target: routes === 5_000 ? CPU_TARGET : undefined,
      }),
    );

    const resident = residentKib(sluice.pid);
    const inspector = await openInspector(sluice.pid, ports.inspector);
    // Before anything is collected by force: that would make the next edits collect more often. What the profiler keeps would be in the base.
    if (options.profiles !== undefined && base !== undefined) {
      await inspector.startProfile();
      for (let number = 1; number <= options.edits; number += 1) await edit(options.edits + number);
      await inspector.stopProfile(join(options.profiles, `edits-${workload}-${routes}.cpuprofile`));
    }
    const memory = { resident, heap: await inspector.heapKib() };
    if (base === undefined) {
      bench.add(result({ ...line('resident', 'resident memory of the controller, the base (KiB)'), ours: resident }));
      bench.add(result({ ...line('heap', 'heap of the controller, the base (KiB)'), ours: memory.heap }));
      inspector.close();
      return { memory, cpu };
    }
    const perRoute = (kind: keyof Memory): number => (memory[kind] - base[kind]) / (routes - 1);
    bench.add(
      result({
        ...line('resident', 'resident memory a route above the base (KiB)'),
        ours: perRoute('resident'),
        target: MEMORY_TARGET,
      }),
    );
    bench.add(result({ ...line('heap', 'heap a route above the base (KiB)'), ours: perRoute('heap') }));

    writeWorld(manifests, worldOf(shapeOf(bench, workload, 1)));
    await untilAnswer({ port: ports.gateway, host, is: ({ status }) => status === 404, within: PATIENCE });
    await sleep(options.afterScaleDown);
    bench.add(
      result({
        ...line('back', 'resident memory after going back to 1 route; reference: the base (KiB)'),
        ours: residentKib(sluice.pid),
        reference: base.resident,
        target: BACK_TARGET,
      }),
    );
    bench.add(
      result({
        ...line('back-heap', 'heap after going back to 1 route; reference: the base (KiB)'),
        ours: await inspector.heapKib(),
        reference: base.heap,
      }),
    );
    inspector.close();
    return { memory, cpu };
  } catch (error) {
    throw new Error(`(c) at ${routes} routes; the controller's output:\n${sluice.output()}`, { cause: error });
  } finally {
    await sluice.stop();
    await bare.stop();
  }
}
