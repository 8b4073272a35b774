import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower, type ModuleFile } from '#controller/xds/lower.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { compilePolicy } from '#wasm-filters/build.ts';
import { readScenario } from '../scenario/scenario.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

const PORT = 18_181;

describe('while the policy module is not with the proxy', () => {
  let folder: string;
  let envoy: LiveEnvoy;
  let module: ModuleFile;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-'));
    module = { digest: 'sha256:test', path: join(folder, 'policy.wasm') };
    writeFileSync(module.path, await compilePolicy());
    envoy = await startLiveEnvoy();
  });
  afterAll(async () => {
    await envoy.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const statusOf = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${PORT}${path}`)).status;

  it('routes with a policy answer 500 and routes without one serve; both serve once it is there', async () => {
    const file = join(folder, 'manifests.yaml');
    // Port 9 of the back-end refuses connections: Envoy's 503 says that the request got through to it.
    writeFileSync(
      file,
      readScenario(join(ROOT, 'test/scenario/jwt-and-authorization.yaml'), { port: PORT, echo: 9 }).manifests,
    );
    const [proxy] = compile(loadOnce([file])).proxies.values();
    if (proxy === undefined) throw new Error('the manifests make no proxy');
    expect(await envoy.publish(lower(proxy.xds, undefined))).toEqual([]);
    expect(await statusOf('/open')).toBe(503);
    expect(await statusOf('/orders')).toBe(500);
    expect(await envoy.publish(lower(proxy.xds, module))).toEqual([]);
    expect(await statusOf('/orders')).toBe(401);
  });
});
