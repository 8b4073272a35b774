import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '#deploy/setup/node24.mjs';
import { compilePolicy } from '#wasm-filters/build.ts';
import { freePort } from '../process/sluice.ts';
import { ask, type Answer } from './ask.ts';
import { compileText, type RunningScenario, startScenario } from './on-envoy.ts';
import { filterHostRunner } from './on-filter-host.ts';
import { readScenario, type ScenarioRequest } from './scenario.ts';

const SOMEWHERE = { port: 1, echo: 1 };

async function judge(request: ScenarioRequest, send: (request: ScenarioRequest) => Promise<Answer>): Promise<void> {
  const { statuses, upstream, response } = request;
  const answers: Answer[] = [];
  for (const _ of statuses) answers.push(await send(request));
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  const answer = answers.at(-1) ?? { status: 0, upstream: {} };
  for (const [name, value] of Object.entries(upstream)) expect(answer.upstream[name] ?? null, name).toBe(value);
  const known = answer.response === undefined ? [] : Object.entries(response);
  for (const [name, value] of known) expect(answer.response?.[name] ?? null, name).toBe(value);
}

let folder: string;
let wasm: Uint8Array;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  wasm = await compilePolicy();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(globSync('test/scenario/*.yaml', { cwd: ROOT }).sort())("%s on the filters' test host", (file) => {
  const { manifests, requests } = readScenario(join(ROOT, file), SOMEWHERE);

  it.each(requests)('$name', async (request) => {
    await judge(request, await filterHostRunner(compileText(manifests), wasm));
  });
});

// What Envoy's own filters do is in the folder `native`.
describe.each(globSync('test/scenario/{,native/}*.yaml', { cwd: ROOT }).sort())('%s on real Envoy', (file) => {
  let port: number;
  let running: RunningScenario;
  beforeAll(async () => {
    port = await freePort();
    running = await startScenario(join(ROOT, file), port, folder, wasm);
  });
  afterAll(() => running.stop());

  it.each(readScenario(join(ROOT, file), SOMEWHERE).requests)('$name', async (request) => {
    await judge(request, (one) => ask(port, one));
  });
});
