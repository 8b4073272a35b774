import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { globSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { startSidecar } from '#extproc/sidecar/sidecar.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { ask, type Answer } from './ask.ts';
import { filterHostRunner } from './on-filter-host.ts';
import { readScenario, type ScenarioRequest } from './scenario.ts';

const FILES = globSync('test/scenario/*.yaml', { cwd: ROOT }).sort();
const PORT = 18_180;

function compileText(folder: string, manifests: string): ProxyIr {
  const file = join(folder, 'manifests.yaml');
  writeFileSync(file, manifests);
  const loaded = loadOnce([file]);
  expect(loaded.problems).toEqual([]);
  const [proxy] = compile(loaded).proxies.values();
  if (proxy === undefined) throw new Error('the manifests make no proxy');
  return proxy.xds;
}

function judge({ status, upstream }: ScenarioRequest, answer: Answer): void {
  expect(answer.status).toBe(status);
  for (const [name, value] of Object.entries(upstream)) expect(answer.upstream[name] ?? null, name).toBe(value);
}

let folder: string;
let wasm: Uint8Array;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  wasm = await compilePolicy();
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(FILES)('%s', (file) => {
  const { requests } = readScenario(join(ROOT, file), { port: PORT, echo: 1 });

  describe("on the filters' test host", () => {
    it.each(requests)('$name', async (request) => {
      const scenario = readScenario(join(ROOT, file), { port: PORT, echo: 1 });
      const runner = await filterHostRunner(compileText(folder, scenario.manifests), wasm);
      judge(request, runner(request));
    });
  });

  describe('on real Envoy', () => {
    let envoy: LiveEnvoy;
    let stopSidecar: () => Promise<void>;
    const echo = createServer((request, response) => {
      response.end(JSON.stringify(request.headers));
    });
    beforeAll(async () => {
      await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
      const address = echo.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const module = join(folder, 'policy.wasm');
      writeFileSync(module, wasm);
      const { manifests } = readScenario(join(ROOT, file), { port: PORT, echo: port });
      envoy = await startLiveEnvoy();
      const sidecar = await startSidecar({
        socket: envoy.sidecarSocket,
        agentSocket: join(folder, 'agent.sock'),
        modules: join(folder, 'modules'),
        log: pino({ level: 'silent' }),
      });
      if (sidecar.kind !== 'started') throw new Error('the sidecar does not start');
      stopSidecar = () => sidecar.stop(0);
      expect(
        await envoy.publish(lower(compileText(folder, manifests), { digest: 'sha256:test', path: module })),
      ).toEqual([]);
    }, 60_000);
    afterAll(async () => {
      await envoy.stop();
      await stopSidecar();
      echo.close();
    });

    it.each(requests)('$name', async (request) => {
      judge(request, await ask(PORT, request));
    });
  });
});
