import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, PATIENCE, shapeOf } from './bench.ts';
import { type BlackHole, blackHoleRoute, openBlackHole } from './black-hole.ts';
import { LOADED_HOST, type LoadedEdit, loadedEdits, SERVICE_A, SERVICE_B } from './edits-under-load.ts';
import { startLoad } from './load.ts';
import { type Limit, result } from './result.ts';
import { startSluice } from './sluice.ts';
import { median, spreadOf } from './statistics.ts';
import { untilAnswer } from './until-answer.ts';
import { serviceDocuments, worldOf, writeWorld } from './world.ts';

const TARGET: Limit = { of: 'value', most: 0, words: 'none' };

/** From the change of the black hole's name to the next edit: milliseconds. */
const BEFORE = 200;
/** After so many edits without an effect there is nothing more to learn. */
const MOST_LATE = 3;
/** After so many edits the black hole's host name is another one, whose cluster warms anew. */
const NEW_NAME_EVERY = 10;

/** (d): requests lost while each kind of edit is made again and again under a steady load. */
export async function benchLoss(bench: Bench): Promise<void> {
  await benchAll(bench, undefined);
  if (!bench.options.blackHole) return;
  const blackHole = await openBlackHole(bench.folder());
  if ('refused' in blackHole) {
    bench.say(`(d) the black hole is left out: ${blackHole.refused}`);
    return;
  }
  try {
    await benchAll(bench, blackHole);
    bench.say(`(d) the black hole was asked ${blackHole.asked()} times and never answered`);
  } finally {
    await blackHole.stop();
  }
}

async function benchAll(bench: Bench, blackHole: BlackHole | undefined): Promise<void> {
  const { options, ports } = bench;
  const manifests = bench.folder();
  const [portA, portB] = ports.backEnds;
  const edits = loadedEdits((letter) => (letter === 'a' ? portA : portB));
  const services = [...serviceDocuments(SERVICE_A, portA), ...serviceDocuments(SERVICE_B, portB)].join('---\n');
  writeWorld(manifests, new Map([...worldOf(shapeOf(bench, 'i', options.loadSize)), ['answers.yaml', services]]));
  const sluice = startSluice({ manifests, folder: bench.folder(), ports, through: blackHole?.through });
  try {
    for (const edit of edits) {
      const words = `(d) ${edit.words}${blackHole === undefined ? '' : ', beside a black hole'}`;
      await bench.attempt(words, () => benchOne(bench, edit, manifests, blackHole));
    }
  } catch (error) {
    throw new Error(`(d); the controller's output:\n${sluice.output()}`, { cause: error });
  } finally {
    await sluice.stop();
  }
}

async function benchOne(
  bench: Bench,
  edit: LoadedEdit,
  manifests: string,
  blackHole: BlackHole | undefined,
): Promise<void> {
  const { options, ports } = bench;
  const file = join(manifests, 'loaded.yaml');
  const make = async (number: number): Promise<number> => {
    const { content, ...awaited } = edit.state(number);
    const from = performance.now();
    writeFileSync(file, content);
    const within = number === 0 ? PATIENCE : options.giveUp;
    return (await untilAnswer({ port: ports.gateway, host: LOADED_HOST, within, ...awaited })) - from;
  };
  await make(0);
  await sleep(options.settled);
  // 4 connections of one request in 10 ms: 400 a second, which leaves the machine time for the edits.
  const load = startLoad({
    port: ports.gateway,
    targets: edit.targets,
    connections: 4,
    pace: 10,
    timeout: 20_000,
    most: 1_000_000,
  });
  const effects: number[] = [];
  let late = 0;
  for (let number = 1; number <= options.editsUnderLoad && late < MOST_LATE; number += 1) {
    if (blackHole !== undefined && number % NEW_NAME_EVERY === 1) {
      writeFileSync(join(manifests, 'unresolved.yaml'), blackHoleRoute(performance.now() | 0));
      await sleep(BEFORE);
    }
    const took = await make(number).catch(() => undefined);
    if (took === undefined) late += 1;
    else effects.push(took);
    await sleep(options.pauses[number % options.pauses.length] ?? 0);
  }
  const { asked, lost, losses } = await load.stop();
  for (const { host, what } of losses) bench.say(`    lost: ${host}: ${what}`);
  if (blackHole?.asked() === 0) {
    throw new Error('the black hole was never asked: nothing stood beside the edits');
  }
  const beside = blackHole !== undefined ? ', beside a black hole' : '';
  const id = `d/${edit.id}${blackHole !== undefined ? '/black-hole' : ''}`;
  bench.add(
    result({
      id,
      case: `${edit.words}${beside}: lost of ${asked} requests`,
      n: options.loadSize,
      ours: lost,
      target: TARGET,
    }),
  );
  bench.add(
    result({
      id: `${id}/late`,
      case: `${edit.words}${beside}: without effect after ${options.giveUp / 1_000} s, of ${effects.length + late} edits`,
      n: options.loadSize,
      ours: late,
      target: TARGET,
    }),
  );
  bench.add(
    result({
      id: `${id}/effect`,
      case: `${edit.words}${beside}: write to effect (ms)`,
      n: options.loadSize,
      ours: median(effects),
      spread: spreadOf(effects),
    }),
  );
}
