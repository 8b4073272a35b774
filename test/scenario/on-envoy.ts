import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '#controller/compile.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { startLiveSidecar } from '../envoy/live-sidecar.ts';
import { startEcho } from './echo.ts';
import { readScenario } from './scenario.ts';

/** A scenario on real Envoy, with sidecar and back-end. */
export interface RunningScenario {
  readonly envoy: LiveEnvoy;
  readonly stop: () => Promise<void>;
}

/** Starts the manifests of a scenario with their listener on `port`; `folder` takes files, `wasm` is the `policy` module. */
export async function startScenario(
  file: string,
  port: number,
  folder: string,
  wasm: Uint8Array,
): Promise<RunningScenario> {
  const echo = await startEcho();
  const module = join(folder, 'policy.wasm');
  writeFileSync(module, wasm);
  const envoy = await startLiveEnvoy();
  const stopSidecar = await startLiveSidecar(envoy, folder);
  const { manifests } = readScenario(file, { port, echo: echo.port });
  const rejected = await envoy.publish(lower(compileText(manifests), { digest: 'sha256:test', path: module }));
  if (rejected.length > 0) throw new Error(JSON.stringify(rejected));
  return {
    envoy,
    stop: async () => {
      await envoy.stop();
      await stopSidecar();
      await echo.stop();
    },
  };
}

/** The one proxy that manifests make. */
export function compileText(manifests: string): ProxyIr {
  const loaded = loadOnce(['-'], { stdin: Buffer.from(manifests) });
  if (loaded.problems.length > 0) throw new Error(JSON.stringify(loaded.problems));
  const [proxy] = compile(loaded).proxies.values();
  if (proxy === undefined) throw new Error('the manifests make no proxy');
  return proxy.xds;
}
