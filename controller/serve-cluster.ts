import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { clusterLoginKeys } from './cluster-login-keys.ts';
import { clusterProxies } from './cluster-proxies.ts';
import type { ClusterSettings } from './cluster-settings.ts';
import type { Configuration } from './configuration.ts';
import { apiGroupVersionOf } from './api/registry.ts';
import { podWorkers } from './infra/envoy-workers.ts';
import { NOT_DEPLOYED } from './infra/kubernetes/proxy-deployer.ts';
import { sessionKeys } from './infra/local/login-keys.ts';
import { apiHealth } from './kubernetes/api-health.ts';
import type { ApiServer } from './kubernetes/api-server.ts';
import { ClassFinalizers } from './kubernetes/class-finalizers.ts';
import type { Health } from './kubernetes/reflector.ts';
import { LeaderElection } from './kubernetes/lease/leader-election.ts';
import { leaseName } from './kubernetes/lease/lease-name.ts';
import { type Replica, RejectionExchange } from './kubernetes/rejections/rejection-exchange.ts';
import { EventRecorder } from './kubernetes/status/event-recorder.ts';
import { statusKey } from './kubernetes/status/status-book.ts';
import { hasStatus } from './kubernetes/status/kinds-with-status.ts';
import { StatusWriter } from './kubernetes/status/status-writer.ts';
import { type Pipeline, startPipeline } from './pipeline.ts';
import { podPorts } from './pod-ports.ts';
import { problemTeller, refusedObjects } from './problem-events.ts';
import { policyModules, proxyMakers } from './proxy-makers.ts';
import { kubernetesProvider, type Observer } from './provider/kubernetes/kubernetes-provider.ts';
import { type Outcome, success } from './resources/verdict.ts';
import { clusterSecrets } from './redis/cluster-secrets.ts';
import { CountingPlace } from './redis/counting-place.ts';
import { secretsOf } from './redis/redis-settings.ts';
import { systemClock } from './runtime/clock.ts';
import { collectGarbage, IdleCollection } from './runtime/memory.ts';
import type { Logs } from './runtime/log.ts';
import type { Metrics } from './runtime/metrics.ts';
import { POD_PATHS } from './infra/kubernetes/objects/settings.ts';
import { SYSTEM_TRUST_FILE } from './settings.ts';
import { withRefused } from './status/refused-status.ts';
import { type ProxyRejections, rejects } from './status/rejections.ts';
import type { RunningProxyOptions } from './running-proxy.ts';
import { sidecarStates } from './sidecar-state.ts';
import { tellWarming } from './warming-events.ts';

/** A cluster that is served, and with what. */
export interface ServeClusterOptions {
  readonly server: ApiServer;
  readonly configuration: Configuration;
  readonly cluster: ClusterSettings;
  /** The controller's own. */
  readonly namespace: string;
  readonly replica: Replica;
  /** Where proxies are let in. */
  readonly xds: { readonly host: string; readonly port: number };
  /** Where modules and answers are kept: they may be gone after a restart. */
  readonly stateFolder: string;
  readonly metrics: Metrics;
  readonly logs: Logs;
  /** Ends what is being started. */
  readonly stop: AbortSignal;
  /** What is undone at the end, last first. */
  readonly undo: (() => Promise<void>)[];
}

/** Envoys have what policies need from the replica before; one that starts asks for it first. Milliseconds. */
const ANSWERS_FIRST = 10_000;

/** What serves a cluster. */
export interface ServedCluster {
  readonly pipeline: Pipeline;
  readonly isLeader: () => boolean;
}

/**
 * Serves what the API server of a cluster has. Every replica does; the one that leads writes statuses and Events, also of
 * what proxies reject that are connected to others. What proxies warm is told where they are connected. Resolves when all that exists has been translated once.
 */
export async function serveCluster(options: ServeClusterOptions): Promise<Outcome<ServedCluster, 'NoModule'>> {
  const { server, configuration, cluster, stateFolder, metrics, logs, undo } = options;
  const { controllerName, backends, envoyPatchPolicy, fetch, policyImage, redis, systemTrust, envoyProxy } =
    configuration;
  const modules = await policyModules(stateFolder, logs('gateway-api'));
  if (!modules.ok) return modules;
  const keys = await clusterLoginKeys(server, options.namespace);
  const health = apiHealth(logs('provider'));
  const told: { pipeline: Pipeline | undefined } = { pipeline: undefined };
  const infra = await clusterProxies({
    server,
    cluster,
    controllerName,
    namespace: options.namespace,
    xds: options.xds,
    environment: process.env,
    health,
    logs,
    undo,
  });
  const writing = statusWriting(
    options,
    health,
    () => told.pipeline,
    (isLeader) => infra.lead(isLeader),
  );
  const place = new CountingPlace(redis, logs('gateway-api'));
  const secrets = clusterSecrets({
    server,
    namespace: options.namespace,
    names: secretsOf(redis),
    clock: systemClock,
    random: Math.random,
    changed: () => {
      place.look(secrets);
      told.pipeline?.tellSidecars();
    },
    log: logs('provider'),
  });
  undo.push(() => Promise.resolve(secrets.stop()));
  place.look(secrets);
  const sidecarState = sidecarStates({
    loginKeys: keys,
    fetch,
    counting: () => place.current,
    countTimeout: configuration.rateLimitTimeout,
  });
  const idle = new IdleCollection(systemClock, collectGarbage);
  undo.push(() => Promise.resolve(idle.stop()));
  const { policyDigest, library } = modules.value;
  // A pod that is not ready costs nothing, one that answers 500 does.
  const moduleOrder = 'first';
  const makers = proxyMakers({
    infra,
    sidecarState,
    library,
    moduleOrder,
    configuration,
    stateFolder,
    metrics,
    logs,
  });
  const pipeline = await startPipeline({
    provider: kubernetesProvider({
      server,
      watched: cluster.watched,
      clock: systemClock,
      random: Math.random,
      health,
      observer: writing.observer,
      stop: options.stop,
    }),
    clock: systemClock,
    settings: {
      controllerName,
      backends,
      envoyPatchPolicy,
      policyDigest,
      policyImage,
      bindAddress: '0.0.0.0',
      bindsRequested: false,
      // Paths are those of the pod.
      unixPaths: new Map(),
      sessionKeys: sessionKeys(keys),
      envoyProxy,
      workers: (parameters) => podWorkers(parameters) ?? infra.mostCpus() ?? availableParallelism(),
      systemTrust: systemTrust ?? SYSTEM_TRUST_FILE,
      loopbackBackends: false,
      ownFolders: [POD_PATHS.run],
      proxies: 'pods',
      rateLimitsFailClosed: configuration.failClosed,
      rateLimitTimeout: configuration.rateLimitTimeout,
    },
    proxy: (key) => makers.proxy(key, { changed: writing.look, warms: writing.warms }),
    answers: makers.answers,
    ports: podPorts,
    undeployed: NOT_DEPLOYED,
    rejectedElsewhere: writing.rejectedElsewhere,
    isLeft: (key) => infra.isLeft(key),
    answersFirst: ANSWERS_FIRST,
    endOrphans: (serving) => infra.endOthers(serving),
    allowPartial: true,
    translated: (ms, failed) => {
      metrics.translated(ms, failed);
      writing.look();
    },
    changed: (count) => {
      idle.note(count);
      writing.look();
    },
    log: logs('gateway-api'),
  });
  told.pipeline = pipeline;
  // What has changed meanwhile.
  pipeline.tellSidecars();
  undo.push(() => pipeline.stop('leave'));
  await pipeline.begun;
  undo.push(writing.start());
  return success({ pipeline, isLeader: writing.isLeader });
}

/** What only the leader does: statuses and Events. Each replica tells itself of what the Envoys warm that are connected to it. */
function statusWriting(
  { server, configuration, cluster, namespace, replica, logs, undo }: ServeClusterOptions,
  health: Health,
  pipeline: () => Pipeline | undefined,
  leads: (isLeader: boolean) => void,
): {
  readonly observer: Observer;
  readonly look: () => void;
  readonly warms: NonNullable<RunningProxyOptions['warms']>;
  readonly isLeader: () => boolean;
  readonly rejectedElsewhere: () => readonly ProxyRejections[];
  /** Begins to take part in the election; returns what ends that. */
  readonly start: () => () => Promise<void>;
} {
  const { controllerName } = configuration;
  const log = logs('provider');
  const failed = (what: string, message: string): void => log.warn({ what, reason: message }, 'could not be written');
  const events = new EventRecorder({
    server,
    clock: systemClock,
    component: 'sluice',
    failed: (message) => log.debug({ reason: message }, 'an Event could not be written'),
  });
  const writer = new StatusWriter({
    server,
    controllerName,
    statuses: () =>
      withRefused(pipeline()?.statuses() ?? [], refusedObjects(pipeline()?.problems() ?? []), controllerName),
    clock: systemClock,
    random: Math.random,
    rate: cluster.rate,
    turned: (subject, reason, message) => void events.warn(subject, reason, message),
    failed,
  });
  const finalizers = new ClassFinalizers({
    server,
    controllerName,
    seesAll: cluster.watched.kind !== 'namespaces',
    clock: systemClock,
    random: Math.random,
    failed,
  });
  const tellProblems = problemTeller((subject, reason, message) => void events.warn(subject, reason, message));
  let isLeader = false;
  /** Why it could not be found out last who leads. */
  let trouble = '';
  // Where there is no election there are no others.
  const exchange =
    cluster.election === undefined
      ? undefined
      : new RejectionExchange({
          server,
          namespace,
          controllerName,
          replica,
          // Envoys that have gone elsewhere are told of there.
          rejections: () => (pipeline()?.proxies() ?? []).filter((proxy) => proxy.connected && rejects(proxy)),
          changed: () => writer.look(),
          renew: cluster.election.leaseDuration,
          clock: systemClock,
          random: Math.random,
          health,
          failed: (message) => failed('what proxies reject', message),
        });
  exchange?.start();
  undo.push(() => Promise.resolve(exchange?.stop()));
  const look = (): void => {
    exchange?.look();
    if (!isLeader) return;
    writer.look();
    tellProblems(pipeline()?.problems() ?? []);
  };
  const lead = (now: boolean): void => {
    isLeader = now;
    trouble = '';
    log.info(now ? 'this replica leads: it writes statuses and makes proxies' : 'this replica does not lead any more');
    exchange?.lead(now);
    writer.lead(now);
    finalizers.lead(now);
    leads(now);
    look();
  };
  return {
    observer: {
      seen: (object, listed) => {
        if (hasStatus(object.kind)) writer.book.take(object, listed);
        finalizers.seen(object);
      },
      passed: (object) => finalizers.seen(object),
      gone: (kind, metadata) => {
        writer.book.delete(statusKey(apiGroupVersionOf(kind), kind, metadata));
        finalizers.gone(kind, metadata);
      },
      listed: (kind, within, seen) => {
        writer.book.keepOnly(kind, within, seen);
        finalizers.listed(kind, within, seen);
      },
    },
    look,
    warms: (clusters, gateways) =>
      tellWarming(clusters, gateways, (subject, reason, message) => void events.warn(subject, reason, message)),
    isLeader: () => isLeader,
    rejectedElsewhere: () => exchange?.others() ?? [],
    start: () => {
      if (cluster.election === undefined) {
        lead(true);
        return () => {
          finalizers.lead(false);
          return Promise.resolve(writer.stop());
        };
      }
      const election = new LeaderElection({
        server,
        namespace,
        name: leaseName(controllerName),
        // A process that is killed is another one when it comes back.
        identity: `${replica.name}_${randomBytes(4).toString('hex')}`,
        pace: cluster.election,
        clock: systemClock,
        random: Math.random,
        changed: lead,
        failed: (message) => {
          // An outage of an hour has thousands of tries.
          if (message !== trouble) log.warn({ reason: message }, 'it cannot be found out who leads; it is tried again');
          trouble = message;
        },
      });
      election.start();
      return async () => {
        finalizers.lead(false);
        writer.stop();
        await election.stop();
      };
    },
  };
}
