import { hostname } from 'node:os';
import { inspect } from 'node:util';
import type { Logger } from 'pino';
import packageJson from '../../../package.json' with { type: 'json' };
import type { ClusterSettings } from '../../cluster-settings.ts';
import { type Configuration, readConfiguration } from '../../configuration.ts';
import { prepareStateFolder } from '../../infra/local/state-folder.ts';
import type { Cluster } from '../../kubernetes/cluster-access.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logs } from '../../runtime/log.ts';
import { metricsSource } from '../../metrics-source.ts';
import { type AdminSource, serveAdmin } from '../../runtime/admin.ts';
import { lateMetrics } from '../../runtime/late-metrics.ts';
import { collectOnlyOnce, keepYoungGenerationSmall } from '../../runtime/memory.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { backOff } from '../../fetch/back-off.ts';
import type { ServedCluster } from '../../serve-cluster.ts';
import { DEFAULT_NAMESPACE } from '../../settings.ts';
import { startTelemetry } from '../../telemetry/telemetry.ts';
import { type Address, notAnAddress, parseAddress } from '../address.ts';
import { EXIT } from '../exit-codes.ts';
import { openLogs } from '../open-logs.ts';
import { DEFAULT_CLUSTER_ADMIN, DEFAULT_HEALTH, DEFAULT_METRICS, DEFAULT_XDS, type RunFlags } from '../program.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** After a signal the process ends after this time whatever is left to do. Milliseconds. */
const LONGEST_STOP = 4_800;
/** How often it is looked whether the configuration has changed. Milliseconds. */
const CONFIGURATION_POLL = 1_000;
/** How often readiness is looked at to tell when it comes. Milliseconds. */
const READY_POLL = 50;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;

/** What `sluice run` works with where its configuration names a cluster. */
export interface RunClusterOptions {
  readonly file: string;
  readonly configuration: Configuration;
  readonly warnings: readonly string[];
  readonly stateFolder: string;
  readonly flags: RunFlags;
}

type Undo = (() => Promise<void>)[];

/** One time of serving, from a configuration to the next. */
interface Session {
  served: ServedCluster | undefined;
  readonly undo: Undo;
  /** What keeps it from serving. */
  trouble: string | undefined;
}

/**
 * Serves the cluster of the kubeconfig, or of the pod, until SIGINT or SIGTERM. Proxies run on when it ends. The configuration is
 * read again when its file changes; one that is wrong is told, and the last one stays. Resolves with the exit code.
 */
export async function runCluster({
  file,
  configuration,
  warnings,
  stateFolder,
  flags,
}: RunClusterOptions): Promise<number> {
  const addresses = addressesOf(configuration, flags);
  if (typeof addresses === 'string') return say(addresses, EXIT.usage);
  const unusable = await prepareStateFolder(stateFolder);
  if (unusable !== undefined) return say(unusable, EXIT.usage);
  const { connectCluster } = await import('../../kubernetes/cluster-access.ts');
  let cluster: Cluster;
  try {
    cluster = await connectCluster(`sluice/${packageJson.version}`);
  } catch (error) {
    return say(messageOf(error), EXIT.usage);
  }
  keepYoungGenerationSmall();
  collectOnlyOnce();
  const ended = untilSignal();
  const metrics = lateMetrics();
  const now: { session: Session | undefined; isEnding: boolean } = { session: undefined, isEnding: false };
  let current = { configuration, warnings };
  const source: Pick<AdminSource, 'notReady' | 'metrics'> = {
    notReady: () => (now.isEnding ? ['it is stopping'] : notReady(now.session)),
    metrics: async () =>
      current.configuration.telemetry.prometheus
        ? metrics.expose(metricsSource(now.session?.served?.pipeline))
        : undefined,
  };
  const replica = process.env['POD_NAME'] ?? hostname();
  const closing: Undo = [];
  try {
    for (const address of [addresses.health, addresses.metrics]) {
      closing.push(await serveAdmin(address.host, address.port, source));
    }
    for (let isFirst = true; ; isFirst = false) {
      const logs = openLogs(flags, current.configuration.log);
      const log = logs();
      for (const warning of current.warnings) log.warn(warning);
      if (!isFirst) log.info('the configuration has changed: it is in force from now on');
      const session: Session = { served: undefined, undo: [], trouble: undefined };
      now.session = session;
      const changed = nextConfiguration(file, current.configuration, log);
      const stopped = new AbortController();
      const admin = adminOf(current.configuration, flags) ?? addresses.admin;
      session.undo.push(
        await serveAdmin(admin.host, admin.port, {
          ...source,
          services: () => services(session, current.configuration),
        }),
      );
      const telemetry = await startTelemetry({
        settings: current.configuration.telemetry,
        metrics,
        source: () => metricsSource(session.served?.pipeline),
        version: packageJson.version,
        instance: replica,
        log,
      });
      session.undo.push(() => telemetry.stop());
      const starting = start({
        session,
        cluster,
        configuration: current.configuration,
        xds: addresses.xds,
        replica,
        stateFolder,
        metrics: telemetry.metrics,
        logs,
        stop: stopped.signal,
      });
      const next = await Promise.race([ended, changed.promise]);
      changed.stop();
      stopped.abort();
      now.isEnding = next === undefined;
      if (next === undefined) {
        log.info('stopping');
        setTimeout(() => process.exit(), LONGEST_STOP).unref();
      }
      await starting;
      for (let step = session.undo.pop(); step !== undefined; step = session.undo.pop()) await step();
      if (next === undefined) return EXIT.fine;
      current = next;
    }
  } catch (error) {
    return say(messageOf(error), EXIT.internal);
  } finally {
    for (const close of closing) await close();
    cluster.server.close();
  }
}

interface Start {
  readonly session: Session;
  readonly cluster: Cluster;
  readonly configuration: Configuration;
  readonly xds: Address;
  /** Its name among replicas. */
  readonly replica: string;
  readonly stateFolder: string;
  readonly metrics: Metrics;
  readonly logs: Logs;
  readonly stop: AbortSignal;
}

/** Starts to serve, again and again where that fails: an API server that cannot be reached can be, later. */
async function start({
  session,
  cluster,
  configuration,
  xds,
  replica,
  stateFolder,
  metrics,
  logs,
  stop,
}: Start): Promise<void> {
  const log = logs();
  const { serveCluster } = await import('../../serve-cluster.ts');
  const settings: ClusterSettings | undefined = configuration.kubernetes;
  if (settings === undefined) throw new Error('the configuration names no cluster');
  for (let failures = 1; !stop.aborted; failures += 1) {
    const undo: Undo = [];
    try {
      const serving = serveCluster({
        server: cluster.server,
        configuration,
        cluster: settings,
        namespace: process.env['ENVOY_GATEWAY_NAMESPACE'] ?? cluster.namespace ?? DEFAULT_NAMESPACE,
        replica: { name: replica, podUid: process.env['POD_UID'] },
        xds,
        stateFolder,
        metrics,
        logs,
        stop,
        undo,
      });
      const served = await Promise.race([serving, aborted(stop)]);
      session.undo.push(...undo);
      if (served === undefined) return;
      if (!served.ok) throw new Error(served.refusal.message);
      session.served = served.value;
      session.trouble = undefined;
      tellWhenReady(session, log, stop);
      return;
    } catch (error) {
      for (const step of undo.toReversed()) await step();
      session.trouble = messageOf(error);
      const pause = backOff(failures, FIRST_PAUSE, Math.random(), LONGEST_PAUSE);
      log.warn({ reason: session.trouble, retryInMs: Math.round(pause) }, 'cannot be served yet, it is tried again');
      await Promise.race([paused(pause), aborted(stop)]);
    }
  }
}

function notReady(session: Session | undefined): readonly string[] {
  if (session?.served !== undefined) return [];
  return [session?.trouble ?? 'the objects of the cluster have not been read yet'];
}

async function services(session: Session, { controllerName }: Configuration) {
  const { adminService } = await import('../../admin-service.ts');
  const pipeline = () => session.served?.pipeline;
  return adminService({
    resources: () => pipeline()?.resources() ?? [],
    problems: () => pipeline()?.problems() ?? [],
    statuses: () => pipeline()?.statuses() ?? [],
    proxies: () => pipeline()?.proxies() ?? [],
    clock: systemClock,
    controllerName,
  });
}

/** However deep and long it is. */
const WHOLE = { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity };

/** Resolves with the configuration when its file says another one. */
function nextConfiguration(
  file: string,
  current: Configuration,
  log: Logger,
): {
  readonly promise: Promise<{ readonly configuration: Configuration; readonly warnings: readonly string[] }>;
  readonly stop: () => void;
} {
  let told = '';
  const says = inspect(current, WHOLE);
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<{ readonly configuration: Configuration; readonly warnings: readonly string[] }>(
    (resolve) => {
      timer = setInterval(() => {
        const read = readConfiguration(file);
        const problem = problemOf(read);
        if (problem !== '' && problem !== told)
          log.error(
            { reason: problem },
            'the configuration has changed and cannot be used; the last one stays in force',
          );
        told = problem;
        if (read.ok && problem === '' && inspect(read.value, WHOLE) !== says) {
          resolve({ configuration: read.value, warnings: read.warnings });
        }
      }, CONFIGURATION_POLL);
      timer.unref();
    },
  );
  return { promise, stop: () => clearInterval(timer) };
}

function problemOf(read: ReturnType<typeof readConfiguration>): string {
  if (!read.ok) return read.errors.join('; ');
  return read.value.kubernetes === undefined ? 'provider.type: must stay Kubernetes while it runs' : '';
}

interface Addresses {
  readonly admin: Address;
  readonly health: Address;
  readonly metrics: Address;
  readonly xds: Address;
}

function addressesOf(configuration: Configuration, flags: RunFlags): Addresses | string {
  const admin = adminOf(configuration, flags);
  if (admin === undefined) return notAnAddress('--admin', flags.admin ?? '');
  const health = parseAddress(flags.health ?? DEFAULT_HEALTH);
  if (health === undefined) return notAnAddress('--health', flags.health ?? '');
  const metrics = parseAddress(flags.metrics ?? DEFAULT_METRICS);
  if (metrics === undefined) return notAnAddress('--metrics', flags.metrics ?? '');
  const xds = parseAddress(flags.xds ?? DEFAULT_XDS);
  if (xds === undefined) return notAnAddress('--xds', flags.xds ?? '');
  return { admin, health, metrics, xds };
}

function adminOf({ admin }: Configuration, flags: RunFlags): Address | undefined {
  return flags.admin === undefined && admin !== undefined ? admin : parseAddress(flags.admin ?? DEFAULT_CLUSTER_ADMIN);
}

function tellWhenReady(session: Session, log: Logger, stop: AbortSignal): void {
  const watch = setInterval(() => {
    if (!stop.aborted && notReady(session).length > 0) return;
    clearInterval(watch);
    if (!stop.aborted) log.info('ready');
  }, READY_POLL);
  watch.unref();
}

/** Any number of signals is one. */
function untilSignal(): Promise<undefined> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => done(undefined));
  });
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => {
    if (signal.aborted) done(undefined);
    else signal.addEventListener('abort', () => done(undefined), { once: true });
  });
}

function paused(ms: number): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, ms).unref();
  });
}

function say(message: string, code: number): number {
  process.stderr.write(`sluice run: ${message}\n`);
  return code;
}
