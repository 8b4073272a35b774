import type { Logger } from 'pino';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { Aging } from './aging.ts';
import type { AnswerChange } from './answering.ts';
import type { WantCounts } from './fetch/want-loop.ts';
import { FirstAnswers } from './first-answers.ts';
import type { PortBook, PortClaim } from './gateway/port-claims.ts';
import type { ChainIr } from './ir/listener.ts';
import type { Deployed } from './infra/infra.ts';
import type { ProxyIr } from './ir/proxy.ts';
import { readClosedObjects } from './provider/closed-objects.ts';
import { readInvalidPolicies } from './provider/invalid-policies.ts';
import { formatProblem } from './provider/format-problem.ts';
import type { Problem, Provider, ResourceBatch, Stop } from './provider/provider.ts';
import { refreshEndpoints, servicesOfBatch } from './refresh-endpoints.ts';
import { ResourceStore } from './resources/store.ts';
import type { Clock } from './runtime/clock.ts';
import type { Want } from './resources/wants.ts';
import { namespaceOf } from './resources/resources.ts';
import type { ProxyReport, RunningProxy } from './running-proxy.ts';
import type { Settings } from './settings.ts';
import { claimsOf, createPortPass } from './settle-ports.ts';
import { liveStatus } from './status/live-status.ts';
import { type ProxyRejections, withRejections } from './status/rejections.ts';
import type { ObjectStatus } from './status/object-status.ts';
import { createTranslator, type Translation } from './translate.ts';

/** What the machine says of ports, and learns of them. */
export interface Ports extends PortBook {
  /** Sets what is wanted: sockets, and the proxies that they are of. */
  want(sockets: readonly PortClaim[], proxies: Translation['proxies']): void;
  stop(): void;
}

/** What brings answers to what translation asks for. */
export interface Answers {
  /** Sets what is wanted; gives what is known already. */
  want(wants: readonly Want[]): readonly AnswerChange[];
  counts(): WantCounts;
  stop(): Promise<void>;
}

/** What the pipeline works with. */
export interface PipelineOptions {
  readonly provider: Provider;
  readonly settings: Settings;
  /** Makes the proxy of a key; it starts with its first configuration. */
  readonly proxy: (key: string) => RunningProxy;
  /** What is told of a proxy that has not been opened yet; absent where the sockets of proxies are all there is to know. */
  readonly undeployed?: Deployed;
  /** What Envoys of the proxies reject that are connected to other replicas; absent where there are none. */
  readonly rejectedElsewhere?: () => readonly ProxyRejections[];
  /** Makes the book of ports; `changed` is to be called when it says something else than before. */
  readonly ports: (changed: () => void) => Ports;
  /** Makes what answers wants; `changed` is to be called with what becomes known. */
  readonly answers: (changed: (changes: readonly AnswerChange[]) => void) => Answers;
  /**
   * So many milliseconds nothing is published after the start while answers are missing: Envoys have them from the controller
   * before, or from another replica, and would lose what needs them. Absent where answers outlive the controller.
   */
  readonly answersFirst?: number;
  /** Whether the Envoy of this proxy still runs from an earlier run. */
  readonly isLeft: (key: string) => boolean;
  /** Ends the proxies of earlier runs that are none of these; called once, when every Gateway is known. */
  readonly endOrphans: (serving: ReadonlySet<string>) => Promise<void>;
  /** Whether documents that cannot be parsed at the start keep the controller from being ready. */
  readonly allowPartial: boolean;
  /** How long a translation took, in milliseconds, or that it failed. */
  readonly translated: (ms: number, failed: boolean) => void;
  /** So many objects and problems came, changed or went. */
  readonly changed: (count: number) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A pipeline at work. */
export interface Pipeline {
  /** Resolves when it no longer waits for answers before it publishes (`PipelineOptions.answersFirst`). */
  readonly begun: Promise<void>;
  /** Why it is not ready, each reason a sentence; none when it is. */
  notReady(): readonly string[];
  /** What the compiler made last. */
  translation(): Translation;
  /** The status of every object, with what the proxies say. */
  statuses(): readonly ObjectStatus[];
  resources(): Iterable<Resource>;
  problems(): readonly Problem[];
  proxies(): readonly ProxyReport[];
  /** How many of the things that policies need from outside are there. */
  wants(): WantCounts;
  /** Has every sidecar told what it is to work by, where that has become something else without a change of objects. */
  tellSidecars(): void;
  /** Stops reading, and ends every proxy, or lets go of it where that goes on without us. */
  stop(proxies?: 'end' | 'leave'): Promise<void>;
}

/** What is known already may lead to further wants, which may be known already, so often. */
const MOST_ROUNDS = 4;

/** Starts the loop: event, snapshot, translate, publish. Resolves when everything that exists has been translated once. */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { log, settings } = options;
  const store = new ResourceStore({ now: () => options.clock.now() });
  const resources = new Map<string, Resource>();
  const problems = new Map<string, Problem>();
  const proxies = new Map<string, RunningProxy>();
  const ending = new Map<string, Promise<void>>();
  const translate = createTranslator(settings);
  /**
   * A Gateway that has nothing to serve for a moment, as while its only certificate is replaced, keeps its workload and the
   * Service with its address. Processes of this machine are started anew.
   */
  const keepsIdle = settings.proxies === 'pods';
  const settlePorts = createPortPass();
  const ports = options.ports(() => publish());
  const answers = options.answers((changes) => onAnswers(changes));
  const first = new FirstAnswers(options.clock, options.answersFirst, () => answers.counts().pending > 0);
  let raw: Translation | undefined;
  let translation: Translation = {
    proxies: new Map(),
    named: () => new Set(),
    gateways: [],
    statuses: () => [],
    wants: [],
    bugs: [],
  };
  let undecided: ReadonlySet<string> = new Set();
  /** What was said of objects last. */
  let said: readonly ObjectStatus[] = [];
  let synced = false;
  let stopped = false;
  let orphans: Promise<void> | undefined;

  /** Objects whose time has come or is over, such as certificates, are translated as if they had been changed. */
  const aging = new Aging(options.clock, (objects) => {
    for (const { kind, namespace, name } of objects) {
      store.touch(kind, namespace, name);
      const touched = store.get(kind, namespace, name);
      if (touched !== undefined) aging.note(touched);
    }
    if (!synced || stopped) return;
    compile();
    publish();
    options.changed(objects.length);
  });

  const onBatch = (batch: ResourceBatch): void => {
    const services = servicesOfBatch(batch, resources);
    for (const event of batch) {
      switch (event.kind) {
        case 'upsert':
          resources.set(event.key, event.resource);
          store.upsert(event.resource);
          aging.note(event.resource);
          break;
        case 'delete': {
          const gone = resources.get(event.key);
          resources.delete(event.key);
          if (gone === undefined) break;
          store.delete(gone.kind, namespaceOf(gone), gone.metadata.name);
          aging.forget(gone);
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
          first.begin(() => {
            log.warn('policies go without what they need from outside and cannot get: their routes are closed');
            publish();
          });
          break;
        default:
          event satisfies never;
      }
    }
    aging.settle();
    // Slices alone change nothing of what is refused.
    if (services === undefined) {
      store.setInvalidPolicies(readInvalidPolicies(problems.values()));
      store.setClosed(readClosedObjects(problems.values()));
    }
    if (!synced) return;
    const refreshed = services === undefined || raw === undefined ? undefined : refreshEndpoints(raw, services, store);
    if (refreshed === undefined) compile();
    else raw = refreshed;
    publish();
    options.changed(batch.length);
  };

  /**
   * Whether something is there that nobody has read yet: without a policy that is in the unread document routes would be open.
   * A proxy of an earlier run, which has all of it, then keeps what it has, and none is made before everything could be read once.
   */
  const isPartial = (): boolean => !options.allowPartial && hidesAnything(problems.values());
  let wasWhole = false;
  let toldWaiting = false;
  const tellWaiting = (): void => {
    if (toldWaiting) return;
    toldWaiting = true;
    log.warn('what cannot be read may be a policy: no new proxy serves before it can, or with --allow-partial');
  };

  /** A proxy of an earlier run may be of a Gateway whose document cannot be read just now: it serves until that is known. */
  const sweep = (): void => {
    if (raw === undefined || orphans !== undefined || hidesGateways([...problems.values()])) return;
    const kept = keepsIdle ? raw.named() : [];
    orphans = options.endOrphans(new Set([...raw.proxies.keys(), ...kept])).catch((error: unknown) => {
      log.error({ err: error }, 'proxies of earlier runs could not be ended');
    });
  };

  const onAnswers = (changes: readonly AnswerChange[]): void => {
    for (const { want, known } of changes) store.setAnswer(want, known);
    compile();
    publish();
  };

  const compile = (): void => {
    const began = performance.now();
    try {
      raw = translate(store);
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        const known = answers.want(raw.wants);
        if (known.length === 0) break;
        for (const change of known) store.setAnswer(change.want, change.known);
        raw = translate(store);
      }
      options.translated(performance.now() - began, raw.bugs.length > 0);
      for (const { proxy, thrown } of raw.bugs) {
        log.error(
          { err: thrown, gateway: proxy },
          'translation of a Gateway failed; its last good state keeps serving',
        );
      }
      ports.want(claimsOf(raw), raw.proxies);
    } catch (error) {
      // A bug: what serves keeps serving.
      options.translated(performance.now() - began, true);
      log.error({ err: error }, 'translation failed; the last good state keeps serving');
    }
  };

  const publish = (): void => {
    if (raw === undefined || stopped || first.areAwaited) return;
    ({ translation, undecided } = settlePorts(raw, ports));
    if (!wasWhole && isPartial()) tellWaiting();
    wasWhole ||= !isPartial();
    for (const [key, { xds, infra }] of translation.proxies) {
      if (undecided.has(key) || !listens(xds)) continue;
      const known = proxies.get(key);
      // One that has just been deleted still has the folder: its end leads here again.
      if (known === undefined && ending.has(key)) continue;
      if (known === undefined && isPartial() && (!wasWhole || options.isLeft(key))) continue;
      const proxy = known ?? options.proxy(key);
      proxies.set(key, proxy);
      proxy.apply(xds, infra);
    }
    if (keepsIdle && orphans === undefined) takeOverIdle();
    for (const [key, proxy] of proxies) {
      const wanted = translation.proxies.get(key);
      if (wanted !== undefined && listens(wanted.xds)) continue;
      if (keepsIdle && translation.named().has(key)) {
        proxy.idle();
        continue;
      }
      proxies.delete(key);
      const ended = proxy
        .stop()
        .catch((error: unknown) => log.error({ err: error, gateway: key }, 'the proxy could not be ended in order'))
        .finally(() => {
          ending.delete(key);
          publish();
        });
      ending.set(key, ended);
    }
    sweep();
  };

  /** What an earlier controller left of Gateways that cannot be served just now must not serve what it has. */
  const takeOverIdle = (): void => {
    if (isPartial()) return;
    for (const key of translation.named()) {
      if (!proxies.has(key) && !ending.has(key) && options.isLeft(key)) proxies.set(key, options.proxy(key));
    }
  };

  const objectStatuses = (): readonly ObjectStatus[] => {
    try {
      said = translation.statuses().flat();
    } catch (error) {
      // A bug: nothing but what is said of objects depends on it.
      log.error({ err: error }, 'the statuses could not be computed; they are as they were');
    }
    return said;
  };

  const stopReading: Stop = await options.provider.start(onBatch);
  return {
    begun: first.over,
    notReady: () => [
      ...(synced ? [] : ['not everything has been read yet']),
      ...(options.allowPartial ? [] : unreadable(problems.values())),
      ...[...translation.proxies]
        .filter(([key, { xds }]) => listens(xds) && proxies.get(key)?.ready !== true)
        .map(([key]) => `the proxy of Gateway ${key} has not acknowledged its configuration`),
    ],
    translation: () => translation,
    statuses: () => {
      const live = liveProxies(raw, proxies, options.undeployed);
      return liveStatus(objectStatuses(), withRejections(live, options.rejectedElsewhere?.() ?? []));
    },
    resources: () => resources.values(),
    problems: () => [...problems.values()],
    proxies: () => [...proxies.values()].map((proxy) => proxy.report()),
    wants: () => answers.counts(),
    tellSidecars: () => {
      for (const proxy of proxies.values()) proxy.tellSidecar();
    },
    stop: async (what = 'end') => {
      stopped = true;
      aging.stop();
      first.stop();
      ports.stop();
      await Promise.all([stopReading(), answers.stop()]);
      const left = [...proxies.values()].map((proxy) => (what === 'end' ? proxy.stop() : proxy.leave()));
      await Promise.all([orphans, ...ending.values(), ...left]);
    },
  };
}

/** Ports are taken from the translation before ports were given: statuses speak of ports as they are written. */
function liveProxies(
  written: Translation | undefined,
  proxies: ReadonlyMap<string, RunningProxy>,
  undeployed: Deployed | undefined,
) {
  return [...(written?.proxies ?? [])].map(([key, { xds }]) => {
    const report = proxies.get(key)?.report();
    return {
      key,
      sockets: xds.listeners.map(({ name, protocol, port, chains }) => ({
        name,
        transport: protocol,
        port,
        chains: chains.flat().map((chain) => ({ name: chain.name, certificates: certificatesOf(chain) })),
      })),
      ready: report?.ready ?? false,
      rejected: report?.rejected ?? [],
      rejectedRoutes: report?.rejectedRoutes ?? [],
      missingModule: report?.missingModule,
      deployed: report?.deployed ?? undeployed,
    };
  });
}

function certificatesOf(chain: ChainIr): readonly string[] {
  if (chain.kind === 'http') return chain.tls?.certificates ?? [];
  return chain.tls.kind === 'terminate' ? chain.tls.termination.certificates : [];
}

/** A proxy that has nothing to listen on does not run. */
function listens({ listeners }: ProxyIr): boolean {
  return listeners.length > 0;
}

function unreadable(problems: Iterable<Problem>): string[] {
  return [...problems].filter(hides).map(formatProblem);
}

function hidesAnything(problems: Iterable<Problem>): boolean {
  return [...problems].some(hides);
}

/** Whether documents may be there that nobody has read. */
function hides({ severity, reason }: Problem): boolean {
  return severity === 'error' && (reason === 'syntax' || reason === 'unreadable');
}

/** Kinds without which a Gateway is not served. */
const GATEWAY_KINDS: ReadonlySet<string> = new Set(['GatewayClass', 'Gateway', 'EnvoyProxy']);

/** Whether a Gateway may be there that is not seen, because what declares it cannot be read. */
function hidesGateways(problems: readonly Problem[]): boolean {
  const isOfGateway = ({ severity, object }: Problem): boolean =>
    severity === 'error' && object !== undefined && GATEWAY_KINDS.has(object.kind);
  return hidesAnything(problems) || problems.some(isOfGateway);
}
