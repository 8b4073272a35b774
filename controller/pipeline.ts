import type { Logger } from 'pino';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { readInvalidPolicies } from './provider/invalid-policies.ts';
import { formatProblem } from './provider/format-problem.ts';
import type { Problem, Provider, ResourceBatch, Stop } from './provider/provider.ts';
import { ResourceStore } from './resources/store.ts';
import { namespaceOf } from './resources/resources.ts';
import type { RunningProxy } from './running-proxy.ts';
import type { Settings } from './settings.ts';
import { createTranslator, type Translation } from './translate.ts';

/** What the pipeline works with. */
export interface PipelineOptions {
  readonly provider: Provider;
  readonly settings: Settings;
  /** Makes the proxy of a key; it starts with its first configuration. */
  readonly proxy: (key: string) => RunningProxy;
  /** Whether documents that cannot be parsed at the start keep the controller from being ready. */
  readonly allowPartial: boolean;
  readonly log: Logger;
}

/** A pipeline at work. */
export interface Pipeline {
  /** Why it is not ready, each reason a sentence; none when it is. */
  notReady(): readonly string[];
  /** What the compiler made last. */
  translation(): Translation;
  problems(): readonly Problem[];
  /** Stops reading, and ends every proxy. */
  stop(): Promise<void>;
}

/** Starts the loop: event, snapshot, translate, publish. Resolves when everything that exists has been translated once. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { log, settings } = options;
  const store = new ResourceStore();
  const keys = new Map<string, Resource>();
  const problems = new Map<string, Problem>();
  const proxies = new Map<string, RunningProxy>();
  const ending = new Set<Promise<void>>();
  const translate = createTranslator(settings);
  let translation: Translation = { proxies: new Map(), statuses: [] };
  let synced = false;

  const onBatch = (batch: ResourceBatch): void => {
    for (const event of batch) {
      switch (event.kind) {
        case 'upsert':
          keys.set(event.key, event.resource);
          store.upsert(event.resource);
          break;
        case 'delete': {
          const gone = keys.get(event.key);
          keys.delete(event.key);
          if (gone !== undefined) store.delete(gone.kind, namespaceOf(gone), gone.metadata.name);
          break;
        }
        case 'problem':
          problems.set(event.id, event.problem);
          log[event.problem.severity === 'error' ? 'error' : 'warn'](formatProblem(event.problem));
          break;
        case 'problem-cleared':
          problems.delete(event.id);
          break;
        case 'synced':
          synced = true;
          break;
        default:
          event satisfies never;
      }
    }
    store.setInvalidPolicies(readInvalidPolicies(problems.values()));
    if (synced) publish();
  };

  const publish = (): void => {
    try {
      translation = translate(store);
    } catch (error) {
      // A bug: what serves keeps serving.
      log.error({ err: error }, 'translation failed; the last good state keeps serving');
      return;
    }
    for (const [key, { xds }] of translation.proxies) {
      const proxy = proxies.get(key) ?? options.proxy(key);
      proxies.set(key, proxy);
      proxy.apply(xds);
    }
    for (const [key, proxy] of proxies) {
      if (translation.proxies.has(key)) continue;
      proxies.delete(key);
      const ended = proxy.stop().finally(() => ending.delete(ended));
      ending.add(ended);
    }
  };

  const stopReading: Stop = await options.provider.start(onBatch);
  return {
    notReady: () => [
      ...(synced ? [] : ['not everything has been read yet']),
      ...(options.allowPartial ? [] : unreadable(problems.values())),
      ...[...proxies]
        .filter(([, proxy]) => !proxy.ready)
        .map(([key]) => `the proxy of Gateway ${key} has not acknowledged its configuration`),
    ],
    translation: () => translation,
    problems: () => [...problems.values()],
    stop: async () => {
      await stopReading();
      await Promise.all([...ending, ...[...proxies.values()].map((proxy) => proxy.stop())]);
    },
  };
}

function unreadable(problems: Iterable<Problem>): string[] {
  return [...problems].filter(({ reason }) => reason === 'syntax').map(formatProblem);
}
