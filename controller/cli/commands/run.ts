import { existsSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensure, SetupError } from '#deploy/setup/setup.ts';
import { findEnvoy } from '#deploy/setup/envoy.ts';
import { siblingOf, unbundled } from '#deploy/setup/fresh-bundle.mjs';
import { ROOT } from '#deploy/setup/node24.mjs';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Configuration, Configured } from '../../configuration.ts';
import { HeadStart, likelyProxies } from '../../head-start.ts';
import type { Infra } from '../../infra/infra.ts';
import { localInfra } from '../../infra/local/local-infra.ts';
import { describeProcess, holdersOf } from '../../infra/local/port-holder.ts';
import { probePort } from '../../infra/local/port-probe.ts';
import { defaultStateFolder, prepareStateFolder } from '../../infra/local/state-folder.ts';
import { holdState } from '../../infra/local/state-lock.ts';
import { metricsSource } from '../../metrics-source.ts';
import type { Pipeline } from '../../pipeline.ts';
import { glimpse } from '../../provider/files/glimpse.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Logs } from '../../runtime/log.ts';
import { collectOnlyOnce, keepYoungGenerationSmall } from '../../runtime/memory.ts';
import { lateMetrics } from '../../runtime/late-metrics.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import { startTelemetry } from '../../telemetry/telemetry.ts';
import { DEFAULT_TELEMETRY } from '../../telemetry/telemetry-settings.ts';
import { CONTROLLER_NAME } from '../../settings.ts';
import { type Address, notAnAddress, parseAddress } from '../address.ts';
import { EXIT } from '../exit-codes.ts';
import { openLogs } from '../open-logs.ts';
import { DEFAULT_ADMIN, type RunFlags } from '../program.ts';
import { messageOf } from '../../runtime/message-of.ts';

/** How often readiness is looked at to tell when it comes. Milliseconds. */
const READY_POLL = 20;
/** After a signal the process ends after this time whatever is left to do. Milliseconds. */
const LONGEST_STOP = 4_800;

/** So many listeners are named when all is ready. */
const MOST_LISTENERS_TOLD = 10;

/** How long the end waits for a start that is under way. Milliseconds. */
const LONGEST_START = 1_000;

const NO_PATH = 'found no path, accepted are files and folders of manifests, or --config with provider.type Kubernetes';
const NO_PATHS =
  'the configuration names a cluster (provider.type Kubernetes), which has the manifests: no paths and no --processors are accepted beside it';

/** Something that keeps `run` from going on, told in one line. */
class RunError extends Error {}

/** What is undone at the end, last first. */
type Undo = (() => Promise<void>)[];

/**
 * `sluice run`: serves manifests until SIGINT or SIGTERM, then ends every process it started. Resolves with the exit
 * code.
 */
export async function run(paths: readonly string[], flags: RunFlags): Promise<number> {
  const configured = flags.config === undefined ? undefined : await configure(flags.config);
  if (configured?.ok === false) return say(configured.errors.join('\n'), EXIT.usage);
  const stateFolder = resolve(flags.stateDir ?? defaultStateFolder());
  if (flags.config !== undefined && configured?.value.kubernetes !== undefined) {
    if (paths.length > 0 || flags.processors !== undefined) return say(NO_PATHS, EXIT.usage);
    const { runCluster } = await import('./run-cluster.ts');
    const { value, warnings } = configured;
    return runCluster({ file: flags.config, configuration: value, warnings, stateFolder, flags });
  }
  if (paths.length === 0) return say(NO_PATH, EXIT.usage);
  const adminText = flags.admin ?? adminAddress(configured?.value);
  const admin = parseAddress(adminText);
  if (admin === undefined) return say(notAnAddress('--admin', adminText), EXIT.usage);
  const missing = [...paths, ...(flags.processors === undefined ? [] : [flags.processors])].find(
    (path) => !existsSync(path),
  );
  if (missing !== undefined) return say(`${missing}: no such file or folder`, EXIT.usage);
  const unusable = await prepareStateFolder(stateFolder);
  if (unusable !== undefined) return say(unusable, EXIT.usage);
  keepYoungGenerationSmall();
  collectOnlyOnce();
  const ended = untilSignal();
  const logs = openLogs(flags, configured?.value.log);
  const log = logs();
  const undo: Undo = [];
  for (const warning of configured?.warnings ?? []) log.warn(warning);
  const starting = start({
    paths,
    flags,
    admin,
    adminText,
    configuration: configured?.value,
    stateFolder,
    logs,
    undo,
    ended,
  });
  try {
    await Promise.race([starting, ended]);
    await ended;
    log.info('stopping');
    return EXIT.fine;
  } catch (error) {
    if (error instanceof SetupError || error instanceof RunError) return say(error.message, EXIT.internal);
    throw error;
  } finally {
    setTimeout(() => process.exit(), LONGEST_STOP).unref();
    // What is being started is to be undone as well. A set-up that takes longer starts nothing after it.
    await Promise.race([starting.catch(() => undefined), sleep(LONGEST_START, undefined, { ref: false })]);
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  }
}

interface Start {
  readonly paths: readonly string[];
  readonly flags: RunFlags;
  readonly admin: Address;
  readonly adminText: string;
  readonly configuration: Configuration | undefined;
  readonly stateFolder: string;
  readonly logs: Logs;
  readonly undo: Undo;
  readonly ended: Promise<void>;
}

/**
 * The order is that of a quick start: the proxies are started first, and while they do, what serves them is loaded (which
 * takes longer) and the manifests are read.
 */
async function start({
  paths,
  flags,
  admin,
  adminText,
  configuration,
  stateFolder,
  logs,
  undo,
  ended,
}: Start): Promise<void> {
  let isEnding = false;
  void ended.then(() => (isEnding = true));
  const hold = await holdState(stateFolder);
  if (!hold.ok) throw new RunError(hold.refusal.message);
  undo.push(hold.value);
  // Before anything is started: it is bound only when it can be served.
  if ((await probePort({ address: admin.host, port: admin.port, protocol: 'TCP' })) === 'held') {
    throw new RunError(await adminHolder(admin, adminText));
  }
  await ensure(['envoy']);
  if (isEnding) return;
  const envoy = findEnvoy(process.env);
  if (envoy.kind !== 'found') throw new RunError('Envoy is missing although the set-up is done');
  const extproc = unbundled(ROOT, 'sidecar', 'extproc/main.ts');
  const programs = {
    envoy: envoy.path,
    node: process.execPath,
    extproc: resolve(ROOT, extproc),
    sidecar: resolve(ROOT, siblingOf(process.argv[1], 'sidecar') ?? extproc),
  };
  const controllerName = configuration?.controllerName ?? CONTROLLER_NAME;
  const infra = localInfra({ stateFolder, programs, log: logs('infrastructure') });
  const headStart = startAhead(paths, controllerName, infra, configuration);
  undo.push(() => headStart.closeOthers());
  await headStart.opened();
  const told: Told = { pipeline: undefined };
  const settings = configuration?.telemetry ?? DEFAULT_TELEMETRY;
  const { metrics, stop } = await startTelemetry({
    settings,
    metrics: lateMetrics(),
    source: () => metricsSource(told.pipeline),
    version: packageJson.version,
    instance: hostname(),
    log: logs(),
  });
  undo.push(stop);
  undo.push(await admit(admin, adminText, controllerName, told, settings.prometheus ? metrics : undefined));
  await ensure(['filters']);
  const { serve } = await import('../../serve.ts');
  if (isEnding) return;
  const served = await serve({
    paths,
    flags,
    configuration,
    stateFolder,
    programs,
    infra,
    headStart,
    metrics,
    logs,
    undo,
  });
  if (!served.ok) throw new RunError(served.refusal.message);
  const pipeline = served.value;
  told.pipeline = pipeline;
  const watch = tellWhenReady(pipeline, () =>
    logs().info({ listening: listenersOf(pipeline), admin: adminText }, 'ready'),
  );
  undo.push(() => Promise.resolve(clearInterval(watch)));
}

function adminAddress(configuration: Configuration | undefined): string {
  if (configuration?.admin === undefined) return DEFAULT_ADMIN;
  const { host, port } = configuration.admin;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function configure(file: string): Promise<Configured> {
  const { readConfiguration } = await import('../../configuration.ts');
  return readConfiguration(file);
}

/** Opens the proxies that the manifests will most likely have. One that runs already needs no head start. */
function startAhead(
  paths: readonly string[],
  controllerName: string,
  infra: Infra,
  configuration: Configuration | undefined,
): HeadStart {
  const seen = glimpse(paths, ['GatewayClass', 'Gateway', 'EnvoyProxy']);
  const isOne = configuration?.envoyProxy?.spec.mergeGateways === true;
  const likely = isOne ? [] : likelyProxies(seen, controllerName);
  const keys = likely.filter((key) => !infra.isLeft(key));
  return new HeadStart(keys, (key) => infra.open(key));
}

/** What the admin endpoint tells of, as soon as there is something. */
interface Told {
  pipeline: Pipeline | undefined;
}

async function admit(
  admin: Address,
  text: string,
  controllerName: string,
  told: Told,
  metrics: Metrics | undefined,
): Promise<() => Promise<void>> {
  const view = {
    resources: () => told.pipeline?.resources() ?? [],
    problems: () => told.pipeline?.problems() ?? [],
    statuses: () => told.pipeline?.statuses() ?? [],
    proxies: () => told.pipeline?.proxies() ?? [],
  };
  const { serveAdmin } = await import('../../runtime/admin.ts');
  try {
    return await serveAdmin(admin.host, admin.port, {
      notReady: () => told.pipeline?.notReady() ?? ['it is starting'],
      metrics: async () => metrics?.expose(metricsSource(told.pipeline)),
      services: async () => {
        const { adminService } = await import('../../admin-service.ts');
        return adminService({ ...view, clock: systemClock, controllerName });
      },
    });
  } catch (error) {
    throw new RunError(await describeListenError(error, admin, text), { cause: error });
  }
}

async function describeListenError(error: unknown, { host, port }: Address, text: string): Promise<string> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'EADDRINUSE') {
    return `--admin ${text}: cannot be listened on: ${messageOf(error)}`;
  }
  return adminHolder({ host, port }, text);
}

async function adminHolder({ host, port }: Address, text: string): Promise<string> {
  const [holder] = holdersOf({ address: await addressOf(host), port, protocol: 'TCP' });
  const who = holder === undefined ? 'another process' : describeProcess(holder);
  return `--admin ${text} is in use by ${who}: stop it, or choose another address`;
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch {
    return host;
  }
}

/** Any number of signals is one: a terminal and a wrapper may both pass the same Ctrl-C on. */
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

/** Where requests and connections are taken, the first few of many: "0.0.0.0:8080". */
function listenersOf(pipeline: Pipeline): string {
  const all = [...pipeline.translation().proxies].flatMap(([, { xds }]) =>
    xds.listeners.map(({ address, port, protocol }) => {
      const host = address.includes(':') ? `[${address}]` : address;
      return `${host}:${port}${protocol === 'UDP' ? '/udp' : ''}`;
    }),
  );
  const few = all.slice(0, MOST_LISTENERS_TOLD).join(' ');
  return all.length > MOST_LISTENERS_TOLD ? `${few} and ${all.length - MOST_LISTENERS_TOLD} more` : few;
}

function say(message: string, code: number): number {
  process.stderr.write(`sluice run: ${message}\n`);
  return code;
}
