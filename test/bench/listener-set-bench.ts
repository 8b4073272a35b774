import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { selfSigned } from '../seeds/self-signed.ts';
import { type Bench, PATIENCE, shapeOf } from './bench.ts';
import { openInspector } from './inspector.ts';
import { cpuMs } from './process-usage.ts';
import { type Limit, result } from './result.ts';
import { startSluice } from './sluice.ts';
import { untilAnswer } from './until-answer.ts';
import {
  EDIT_HEADER,
  editedFile,
  editValue,
  hostOf,
  setHostOf,
  worldOf,
  type WorldShape,
  writeWorld,
} from './world.ts';

const CPU_TARGET: Limit = { of: 'ratio', most: 1.5, words: 'at most 1.5 times that at 1,000 routes alone' };

/** Between two edits, so that each is one of its own. Milliseconds. */
const BETWEEN = 250;

/** The routes of the world that the others are held against, and which has no ListenerSets. */
const BASE_ROUTES = 1_000;

/** (c), too: the CPU of an edit where a Gateway has ListenerSets, with HTTPS, a certificate and a host name each. */
export async function benchListenerSets(bench: Bench): Promise<void> {
  const { options } = bench;
  const largest = options.sizes.at(-1) ?? BASE_ROUTES;
  const base = Math.min(BASE_ROUTES, largest);
  const reference = await bench.attempt(`(c) edits, ${base} routes, no ListenerSets`, () => cpuOfEdit(bench, base, 0));
  const sets = options.listenerSets;
  await bench.attempt(`(c) edits, ${largest} routes, ${sets} ListenerSets`, async () => {
    const ours = await cpuOfEdit(bench, largest, sets);
    bench.add(
      result({
        id: 'c/cpu/listener-sets',
        case: `CPU of the controller for one edit with ${sets} ListenerSets; reference: at ${base} routes without any (ms)`,
        n: largest,
        ours,
        reference,
        target: largest > base ? CPU_TARGET : undefined,
      }),
    );
  });
}

/** Routes are attached to the Gateway and to a ListenerSet each, where there are any: an edit changes both places. */
async function cpuOfEdit(bench: Bench, routes: number, listenerSets: number): Promise<number> {
  const { options, ports } = bench;
  const certificates = Array.from({ length: listenerSets }, (_, index) => selfSigned(setHostOf(index)));
  const shape: WorldShape = { ...shapeOf(bench, 'i', routes), listenerSets: { port: ports.tls, certificates } };
  const manifests = bench.folder();
  writeWorld(manifests, worldOf(shape));
  const host = hostOf(routes - 1);
  const sluice = startSluice({ manifests, folder: bench.folder(), ports });
  try {
    const until = (edit: number): Promise<number> =>
      untilAnswer({
        port: ports.gateway,
        host,
        is: ({ status, headers }) => status === 200 && headers.get(EDIT_HEADER) === editValue(edit),
        within: PATIENCE,
      });
    await until(0);
    await sleep(options.settled);
    // An inspector costs CPU of its own.
    const inspector = options.profiles === undefined ? undefined : await openInspector(sluice.pid, ports.inspector);
    await inspector?.startProfile();
    const from = cpuMs(sluice.pid);
    for (let edit = 1; edit <= options.edits; edit += 1) {
      const { name, content } = editedFile(shape, edit);
      writeFileSync(join(manifests, name), content);
      await until(edit);
      await sleep(2 * BETWEEN);
    }
    await sleep(options.settled);
    const cpu = (cpuMs(sluice.pid) - from) / options.edits;
    if (options.profiles !== undefined) {
      await inspector?.stopProfile(join(options.profiles, `listener-sets-${listenerSets}-${routes}.cpuprofile`));
    }
    inspector?.close();
    return cpu;
  } catch (error) {
    const words = `(c) at ${routes} routes and ${listenerSets} ListenerSets; the controller's output:\n${sluice.output()}`;
    throw new Error(words, { cause: error });
  } finally {
    await sluice.stop();
  }
}
