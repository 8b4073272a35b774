import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is looked at when metrics are asked for. */
export interface MetricsSource {
  readonly resources: Iterable<{ readonly kind: string }>;
  readonly problems: readonly { readonly severity: 'error' | 'warning' }[];
  readonly proxies: readonly {
    readonly key: string;
    readonly ready: boolean;
    readonly connected: boolean;
    readonly restarts: { readonly envoy: number; readonly sidecar: number };
    readonly rejected: readonly unknown[];
    readonly warming: ReadonlySet<string>;
  }[];
  /** How many of the things that policies need from outside are there. */
  readonly wants: { readonly answered: number; readonly stale: number; readonly pending: number };
}

/** What a metric has now. */
export interface MetricValues {
  readonly name: string;
  readonly help: string;
  /** "counter", "gauge", "histogram" or "summary". */
  readonly type: string;
  /** A histogram's are named "<name>_bucket" (label `le`, cumulative), "<name>_sum" and "<name>_count". */
  readonly values: readonly {
    readonly metricName?: string;
    readonly labels: { readonly [label: string]: string | number | undefined };
    readonly value: number;
  }[];
}

/** The metrics of a controller; their names are a contract. */
export interface Metrics {
  translated(ms: number, failed: boolean): void;
  answered(type: string, isRejected: boolean): void;
  /** Something was fetched: for what, with which status or why not, and how long it took in milliseconds. */
  fetched(purpose: string, outcome: string | number, ms: number): void;
  /** Everything in the text format of Prometheus, and the content type of that. */
  expose(source: MetricsSource): Promise<{ readonly text: string; readonly type: string }>;
  /** The same as values. */
  values(source: MetricsSource): Promise<readonly MetricValues[]>;
}

/** Makes the metrics of a controller, each at zero. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const translate = new Histogram({
    name: 'sluice_translate_seconds',
    help: 'Time from resources to configurations.',
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers,
  });
  const translateFailures = new Counter({
    name: 'sluice_translate_failures_total',
    help: 'Translations that failed: bugs.',
    registers,
  });
  const labelled = (name: string, help: string, labelNames: readonly string[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const acks = new Counter({
    name: 'sluice_xds_acks_total',
    help: 'Responses that a proxy acknowledged.',
    labelNames: ['type'],
    registers,
  });
  const nacks = new Counter({
    name: 'sluice_xds_nacks_total',
    help: 'Responses that a proxy rejected.',
    labelNames: ['type'],
    registers,
  });
  const fetches = new Counter({
    name: 'sluice_fetches_total',
    help: 'Fetches of what manifests name by URL, by status or why there is none.',
    labelNames: ['purpose', 'outcome'],
    registers,
  });
  const fetchTime = new Histogram({
    name: 'sluice_fetch_seconds',
    help: 'How long these fetches took.',
    labelNames: ['purpose'],
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers,
  });
  const wants = labelled(
    'sluice_wants',
    'What policies need from outside: answered; stale, which is answered by what was fetched before; or pending.',
    ['state'],
  );
  const ready = labelled('sluice_proxy_ready', 'Whether the proxy has served a whole configuration.', ['gateway']);
  const connected = labelled('sluice_proxy_connected', 'Whether the proxy has a stream to the controller.', [
    'gateway',
  ]);
  const rejected = labelled('sluice_proxy_rejected_resources', 'Resources that the proxy rejects now.', ['gateway']);
  const warming = labelled(
    'sluice_proxy_warming_clusters',
    'Clusters that the proxy warms for longer than anything else may wait: routes to them stay as they were, or answer 500.',
    ['gateway'],
  );
  const restarts = labelled('sluice_proxy_restarts', 'Starts of a process after it had ended.', ['gateway', 'process']);
  const resources = labelled('sluice_resources', 'Objects that are served.', ['kind']);
  const problems = labelled('sluice_problems', 'Things that are wrong with what was read.', ['severity']);
  const look = (source: MetricsSource): void => {
    for (const state of ['answered', 'stale', 'pending'] as const) wants.set({ state }, source.wants[state]);
    for (const gauge of [ready, connected, rejected, warming, restarts, resources, problems]) gauge.reset();
    for (const severity of ['error', 'warning']) problems.set({ severity }, 0);
    for (const { kind } of source.resources) resources.inc({ kind });
    for (const { severity } of source.problems) problems.inc({ severity });
    for (const proxy of source.proxies) {
      const gateway = proxy.key;
      ready.set({ gateway }, Number(proxy.ready));
      connected.set({ gateway }, Number(proxy.connected));
      rejected.set({ gateway }, proxy.rejected.length);
      warming.set({ gateway }, proxy.warming.size);
      restarts.set({ gateway, process: 'envoy' }, proxy.restarts.envoy);
      restarts.set({ gateway, process: 'sidecar' }, proxy.restarts.sidecar);
    }
  };
  return {
    translated: (ms, failed) => {
      translate.observe(ms / 1000);
      if (failed) translateFailures.inc();
    },
    answered: (type, isRejected) => (isRejected ? nacks : acks).inc({ type }),
    fetched: (purpose, outcome, ms) => {
      fetches.inc({ purpose, outcome: String(outcome) });
      fetchTime.observe({ purpose }, ms / 1000);
    },
    expose: async (source) => {
      look(source);
      return { text: await registry.metrics(), type: registry.contentType };
    },
    values: async (source) => {
      look(source);
      // The library declares the type as a number; it is a word.
      return (await registry.getMetricsAsJSON()).map(({ type, ...metric }) => ({ ...metric, type: String(type) }));
    },
  };
}
