import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { ROOT } from '#deploy/setup/node24.mjs';
import { type Answering, startAnswering } from './answering.ts';
import type { Configuration } from './configuration.ts';
import { proxyPaths } from './infra/local/state-folder.ts';
import { ModuleLibrary } from './modules/module-library.ts';
import { readLayoutModule } from './oci/layout.ts';
import type { PipelineOptions } from './pipeline.ts';
import { type Outcome, refusal, success } from './resources/verdict.ts';
import { RunningProxy, type RunningProxyOptions } from './running-proxy.ts';
import { systemClock } from './runtime/clock.ts';
import type { Logs } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';

/** The modules that proxies may run: the policy module, and what is fetched. */
export interface PolicyModules {
  /** That of the policy module. */
  readonly policyDigest: string;
  readonly library: ModuleLibrary;
}

/** Reads the policy module that was built, and opens the library that it is in. */
export async function policyModules(stateFolder: string, log: Logger): Promise<Outcome<PolicyModules, 'NoModule'>> {
  const image = await readLayoutModule(resolve(ROOT, 'build/filters/policy'));
  if (!image.ok) return refusal('NoModule', `policy module: ${image.refusal.message}`);
  const library = new ModuleLibrary(join(stateFolder, 'modules'), (error) => {
    log.warn({ err: error }, 'modules cannot be kept on disk; they are kept in memory');
  });
  library.add(image.value.module);
  return success({ policyDigest: image.value.module.digest, library });
}

/** What proxies and answers are made with, wherever manifests come from. */
export interface MakersOptions {
  readonly infra: RunningProxyOptions['infra'];
  readonly sidecarState: RunningProxyOptions['sidecarState'];
  readonly library: ModuleLibrary;
  readonly moduleOrder?: RunningProxyOptions['moduleOrder'];
  readonly configuration: Pick<Configuration, 'fetch' | 'connections'>;
  readonly stateFolder: string;
  readonly metrics: Metrics;
  readonly logs: Logs;
}

/** What a pipeline makes its proxies and answers by: an unknown key that a proxy meets hurries the answer. */
export interface ProxyMakers {
  proxy(key: string, more: Pick<RunningProxyOptions, 'changed' | 'opening' | 'warms'>): RunningProxy;
  readonly answers: PipelineOptions['answers'];
}

/** Makes them. */
export function proxyMakers(options: MakersOptions): ProxyMakers {
  const { infra, sidecarState, library, moduleOrder, configuration, stateFolder, metrics, logs } = options;
  const log = logs('xds-translator');
  const serverLog = logs('xds-server');
  let answering: Answering | undefined;
  return {
    proxy: (key, more) =>
      new RunningProxy({
        key,
        infra,
        folder: proxyPaths(stateFolder, key).folder,
        modules: library,
        ...(moduleOrder === undefined ? {} : { moduleOrder }),
        sidecarState,
        limits: configuration.connections,
        clock: systemClock,
        log: log.child({ gateway: key }),
        serverLog: serverLog.child({ gateway: key }),
        unknownKey: (keySet) => answering?.hurry(keySet),
        answered: (type, isRejected) => metrics.answered(type, isRejected),
        ...more,
      }),
    answers: (changed) =>
      (answering = startAnswering(
        {
          settings: configuration.fetch,
          folder: stateFolder,
          clock: systemClock,
          log: logs('gateway-api'),
          fetched: ({ purpose, outcome, ms }) => metrics.fetched(purpose, outcome, ms),
          library,
        },
        changed,
      )),
  };
}
