import type { Metrics } from './metrics.ts';

/** How long after the start the library is loaded at the latest: by then the first configuration is out. Milliseconds. */
const LATEST = 1_000;

/** Metrics whose library is loaded when they are asked for, or a second after the start; nothing told before is lost. */
export function lateMetrics(): Metrics {
  let metrics: Metrics | undefined;
  let loading: Promise<Metrics> | undefined;
  const early: ((to: Metrics) => void)[] = [];
  const load = (): Promise<Metrics> =>
    (loading ??= import('./metrics.ts').then(({ createMetrics }) => begin(createMetrics())));
  const begin = (made: Metrics): Metrics => {
    for (const tell of early.splice(0)) tell(made);
    metrics = made;
    return made;
  };
  const tell = (to: (to: Metrics) => void): void => {
    if (metrics === undefined) early.push(to);
    else to(metrics);
  };
  setTimeout(() => void load(), LATEST).unref();
  return {
    translated: (ms, failed) => tell((to) => to.translated(ms, failed)),
    answered: (type, isRejected) => tell((to) => to.answered(type, isRejected)),
    fetched: (purpose, outcome, ms) => tell((to) => to.fetched(purpose, outcome, ms)),
    expose: async (source) => (await load()).expose(source),
    values: async (source) => (await load()).values(source),
  };
}
