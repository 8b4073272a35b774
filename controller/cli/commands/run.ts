import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ensure, SetupError } from '#deploy/setup/setup.ts';
import { findEnvoy } from '#deploy/setup/envoy.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { filesProvider } from '../../provider/files/files-provider.ts';
import { readOciLayout } from '../../fetch/oci-layout.ts';
import { defaultStateFolder, prepareStateFolder, proxyPaths } from '../../infra/local/state-folder.ts';
import { holdState } from '../../infra/local/state-lock.ts';
import { startProcessors } from '../../infra/local/processors.ts';
import { startPipeline } from '../../pipeline.ts';
import { serveAdmin } from '../../runtime/admin.ts';
import { systemClock } from '../../runtime/clock.ts';
import { createLog } from '../../runtime/log.ts';
import { RunningProxy } from '../../running-proxy.ts';
import { CONTROLLER_NAME } from '../../settings.ts';
import { EXIT } from '../exit-codes.ts';
import type { RunFlags } from '../program.ts';

/** How often readiness is looked at to tell when it comes. Milliseconds. */
const READY_POLL = 20;

/**
 * `sluice run`: serves manifests until SIGINT or SIGTERM, then ends every process it started. Resolves with the exit
 * code.
 */
export async function run(paths: readonly string[], flags: RunFlags): Promise<number> {
  const admin = parseAddress(flags.admin);
  if (admin === undefined)
    return usage(`--admin: found ${flags.admin}, accepted is HOST:PORT, such as 127.0.0.1:19001`);
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) return usage(`${missing}: no such file or folder`);
  const ended = untilSignal();
  const stateFolder = resolve(flags.stateDir ?? defaultStateFolder());
  const unusable = await prepareStateFolder(stateFolder);
  if (unusable !== undefined) return usage(unusable);
  const hold = await holdState(stateFolder);
  if (!hold.ok) return internal(hold.refusal.message);
  const log = createLog(flags.logLevel);
  const undo: (() => Promise<void>)[] = [hold.value];
  try {
    await ensure(['filters', 'envoy']);
    const envoy = findEnvoy(process.env);
    if (envoy.kind !== 'found') return internal('Envoy is missing although the set-up is done');
    const image = await readOciLayout(resolve(ROOT, 'build/filters/policy'));
    if (!image.ok) return internal(`policy module: ${image.refusal.message}`);
    const programs = {
      envoy: envoy.path,
      node: process.execPath,
      extproc: resolve(ROOT, 'extproc/main.ts'),
    };
    const processors = await startProcessors(stateFolder, flags.processors, programs, log);
    undo.unshift(() => processors.stop());
    const modules = new Map([[image.value.digest, image.value]]);
    const pipeline = await startPipeline({
      provider: filesProvider({ paths, log }),
      settings: {
        controllerName: CONTROLLER_NAME,
        policyDigest: image.value.digest,
        bindAddress: '0.0.0.0',
        unixPaths: processors.unixPaths,
      },
      proxy: (key) =>
        new RunningProxy({
          key,
          paths: proxyPaths(stateFolder, key),
          programs,
          modules,
          clock: systemClock,
          log: log.child({ gateway: key }),
        }),
      allowPartial: flags.allowPartial,
      log,
    });
    undo.unshift(() => pipeline.stop());
    undo.unshift(await serveAdmin(admin.host, admin.port, pipeline));
    const watch = tellWhenReady(pipeline, () => log.info('ready'));
    await ended;
    clearInterval(watch);
    log.info('stopping');
    return EXIT.fine;
  } catch (error) {
    if (error instanceof SetupError) return internal(error.message);
    if (isAddressInUse(error)) return internal(`--admin ${flags.admin}: the address is in use: another sluice run?`);
    throw error;
  } finally {
    for (const step of undo) await step();
  }
}

function parseAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const found = /^(?<host>\[[0-9a-f:]+\]|[^:]+):(?<port>\d{1,5})$/iu.exec(text)?.groups;
  const port = Number(found?.['port']);
  if (found?.['host'] === undefined || port > 65_535) return undefined;
  return { host: found['host'].replace(/^\[|\]$/gu, ''), port };
}

function untilSignal(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done());
  });
}

function tellWhenReady(pipeline: { notReady(): readonly string[] }, ready: () => void): NodeJS.Timeout {
  const watch = setInterval(() => {
    if (pipeline.notReady().length > 0) return;
    clearInterval(watch);
    ready();
  }, READY_POLL);
  return watch;
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function usage(message: string): number {
  process.stderr.write(`sluice run: ${message}\n`);
  return EXIT.usage;
}

function internal(message: string): number {
  process.stderr.write(`sluice run: ${message}\n`);
  return EXIT.internal;
}
