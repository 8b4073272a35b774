import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type Configuration, DEFAULT_CONFIGURATION } from './configuration.ts';
import type { HeadStart } from './head-start.ts';
import { saidWorkers } from './infra/envoy-workers.ts';
import type { Infra } from './infra/infra.ts';
import { loginKeys, sessionKeys } from './infra/local/login-keys.ts';
import { MachinePorts } from './infra/local/machine-ports.ts';
import { proxyOf } from './infra/local/orphans.ts';
import { startProcessors } from './infra/local/processors.ts';
import type { Programs } from './infra/local/proxy-processes.ts';
import { localSystemTrust } from './infra/local/system-trust.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { policyModules, proxyMakers } from './proxy-makers.ts';
import { filesProvider } from './provider/files/files-provider.ts';
import { CountingPlace } from './redis/counting-place.ts';
import { FileSecrets } from './redis/file-secrets.ts';
import { secretsOf } from './redis/redis-settings.ts';
import { systemClock } from './runtime/clock.ts';
import { collectGarbage, IdleCollection } from './runtime/memory.ts';
import type { Logs } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';
import { type Outcome, success } from './resources/verdict.ts';
import { DEFAULT_NAMESPACE } from './settings.ts';
import { sidecarStates } from './sidecar-state.ts';

/** What is served, and with what. */
export interface ServeOptions {
  /** Files and folders of manifests. */
  readonly paths: readonly string[];
  readonly flags: { readonly allowPartial: boolean; readonly processors?: string };
  readonly configuration: Configuration | undefined;
  readonly stateFolder: string;
  readonly programs: Programs;
  readonly infra: Infra;
  readonly headStart: HeadStart;
  readonly metrics: Metrics;
  readonly logs: Logs;
  /** What is undone at the end, last first. */
  readonly undo: (() => Promise<void>)[];
}

/** Serves manifests with proxies on this machine. Resolves when all that exists has been translated once. */
export async function serve(options: ServeOptions): Promise<Outcome<Pipeline, 'NoModule' | 'Unreadable'>> {
  const { paths, flags, stateFolder, programs, infra, headStart, metrics, logs, undo } = options;
  const configuration = options.configuration ?? DEFAULT_CONFIGURATION;
  const { controllerName, backends, envoyPatchPolicy, fetch, policyImage, redis, systemTrust, envoyProxy } =
    configuration;
  const modules = await policyModules(stateFolder, logs('gateway-api'));
  if (!modules.ok) return modules;
  const keys = await loginKeys(stateFolder);
  if (!keys.ok) return keys;
  const processors = await startProcessors(stateFolder, flags.processors, programs, logs('infrastructure'));
  undo.push(() => processors.stop());
  const idle = new IdleCollection(systemClock, collectGarbage);
  undo.push(() => Promise.resolve(idle.stop()));
  const place = new CountingPlace(redis, logs('gateway-api'));
  const secrets = new FileSecrets(DEFAULT_NAMESPACE, secretsOf(redis));
  const told: { pipeline: Pipeline | undefined } = { pipeline: undefined };
  const sidecarState = sidecarStates({
    loginKeys: keys.value,
    fetch,
    counting: () => place.current,
    countTimeout: configuration.rateLimitTimeout,
  });
  const { policyDigest, library } = modules.value;
  const makers = proxyMakers({
    infra,
    sidecarState,
    library,
    configuration,
    stateFolder,
    metrics,
    logs,
  });
  const pipeline = await startPipeline({
    provider: secrets.along(filesProvider({ paths, log: logs('provider') }), {
      before: () => place.look(secrets),
      after: () => told.pipeline?.tellSidecars(),
    }),
    clock: systemClock,
    settings: {
      controllerName,
      backends,
      envoyPatchPolicy,
      policyDigest,
      policyImage,
      bindAddress: '0.0.0.0',
      bindsRequested: true,
      unixPaths: processors.unixPaths,
      sessionKeys: sessionKeys(keys.value),
      envoyProxy,
      // As Envoy reckons, too.
      workers: (parameters) => saidWorkers(parameters) ?? availableParallelism(),
      systemTrust: systemTrust ?? localSystemTrust(),
      loopbackBackends: true,
      ownFolders: [resolve(stateFolder), realpathSync(stateFolder)],
      proxies: 'processes',
      rateLimitsFailClosed: configuration.failClosed,
      rateLimitTimeout: configuration.rateLimitTimeout,
    },
    proxy: (key) => {
      const opening = headStart.take(key);
      return makers.proxy(key, { changed: () => undefined, ...(opening === undefined ? {} : { opening }) });
    },
    answers: makers.answers,
    ports: (changed) =>
      new MachinePorts({ proxyOf: (pid) => proxyOf(stateFolder, pid), changed, log: logs('infrastructure') }),
    isLeft: (key) => infra.isLeft(key),
    endOrphans: async (serving) => {
      await headStart.closeOthers(serving);
      await infra.endOthers(serving);
    },
    allowPartial: flags.allowPartial,
    translated: (ms, failed) => metrics.translated(ms, failed),
    changed: (count) => idle.note(count),
    log: logs('gateway-api'),
  });
  undo.push(() => pipeline.stop());
  told.pipeline = pipeline;
  // What has changed meanwhile.
  pipeline.tellSidecars();
  void headStart.closeOthers(served(pipeline));
  return success(pipeline);
}

/** The proxies that run, and those that will once their ports are known to be free. */
function served(pipeline: Pipeline): ReadonlySet<string> {
  const proxies = [...pipeline.translation().proxies];
  return new Set(proxies.flatMap(([key, { xds }]) => (xds.listeners.length > 0 ? [key] : [])));
}
