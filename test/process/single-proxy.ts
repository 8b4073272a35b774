/** One proxy with its Envoy, without a controller around it: manifests are compiled and given to it by the test. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { localInfra } from '#controller/infra/local/local-infra.ts';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { RunningProxy, type RunningProxyOptions } from '#controller/running-proxy.ts';
import { systemClock } from '#controller/runtime/clock.ts';
import { createTranslator } from '#controller/translate.ts';
import { findEnvoy } from '#deploy/setup/envoy.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { listen } from '../listening.ts';
import { CLASS, gateway } from './manifests.ts';
import { freePort, get, until } from './sluice.ts';

/** A proxy for the Gateway `shop` of the namespace `default`, and a back-end that answers everything with 200. */
export interface SingleProxy {
  readonly proxy: RunningProxy;
  readonly port: number;
  readonly backendPort: number;
  /** Gives the proxy its Gateway with these manifests. */
  serve(manifests: string): void;
  /** Waits until the proxy answers a path with a status. */
  becomes(path: string, status: number): Promise<void>;
  destroy(): Promise<void>;
}

/** Makes the proxy; it starts with the first manifests that it is given. */
export async function singleProxy(options: Pick<RunningProxyOptions, 'tamper'> = {}): Promise<SingleProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'sl-'));
  const translate = createTranslator(DEFAULT_SETTINGS);
  const backend = await listen(createServer({ keepAliveTimeout: 0 }, (_, response) => response.end('ok')));
  const port = await freePort();
  const envoy = findEnvoy(process.env);
  if (envoy.kind !== 'found') throw new Error('Envoy is missing');
  const extproc = join(ROOT, 'extproc/main.ts');
  const programs = { envoy: envoy.path, node: process.execPath, extproc, sidecar: extproc };
  const log = pino({ level: 'silent' });
  const proxy = new RunningProxy({
    key: 'default/shop',
    infra: localInfra({ stateFolder: folder, programs, log }),
    folder: proxyPaths(folder, 'default/shop').folder,
    modules: { has: () => false, read: async () => undefined },
    sidecarState: () => ({}),
    clock: systemClock,
    log,
    serverLog: log,
    answered: () => undefined,
    unknownKey: () => undefined,
    changed: () => undefined,
    ...options,
  });
  return {
    proxy,
    port,
    backendPort: backend.port,
    serve(manifests) {
      const file = join(folder, 'manifests.yaml');
      writeFileSync(file, CLASS + gateway('shop', port) + manifests);
      const store = new ResourceStore();
      const { resources, problems } = loadOnce([file]);
      expect(problems).toEqual([]);
      for (const { resource } of resources.values()) store.upsert(resource);
      const found = translate(store).proxies.get('default/shop');
      if (found === undefined) throw new Error('the manifests make no proxy');
      proxy.apply(found.xds, found.infra);
    },
    becomes: (path, status) => until(`${path} is ${status}`, async () => (await get(port, path)) === status),
    async destroy() {
      await proxy.stop();
      await backend.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
