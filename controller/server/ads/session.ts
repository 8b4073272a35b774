import type { Clock } from '../../runtime/clock.ts';
import { configurationOf } from '../../xds/route-configuration.ts';
import { makeWhole, type XdsResource, type XdsSnapshot } from '../../xds/snapshot.ts';
import { isStreamConfig } from '../../xds/build/stream.ts';
import { mayLeaveOut } from '../../xds/left-out.ts';
import { type XdsType, typeOfUrl, typeUrl } from '../../xds/types.ts';
import type { PodModules } from '../pod.ts';
import type { RefusedResource, Rejection } from './rejection.ts';
import { type Permission, Subscription } from './subscription.ts';
import type { DeltaRequest, DeltaResponse } from './wire.ts';

/**
 * How far a client is with the snapshot it is to have (make before break).
 *
 * - `make`: clusters, endpoints, secrets and extension configurations that are new or changed; nothing is removed.
 * - `switch`: listeners, routes and virtual hosts, once everything of `make` is acknowledged or its deadline has passed.
 * - `drain`: the client has all of it; what the old routes used stays a while for requests and retries under way.
 * - `break`: what is no longer named goes.
 */
export type Stage = 'make' | 'switch' | 'drain' | 'break';

const MAKE_TYPES = ['cluster', 'endpoint', 'secret', 'extension-config'] as const satisfies readonly XdsType[];
/** A virtual host comes after its RouteConfiguration. */
const SWITCH_TYPES = ['listener', 'route', 'virtual-host'] as const satisfies readonly XdsType[];
const ALL_TYPES = [...MAKE_TYPES, ...SWITCH_TYPES] as const;

/** Times of a session, in milliseconds. */
export interface SessionTimes {
  /** How long `make` waits for acknowledgements: Envoy withholds that of CDS while any one cluster warms. */
  readonly makeDeadline: number;
  /** How long removed clusters outlive the routes that named them. */
  readonly drain: number;
}

/** The times used where no others are given. */
export const SESSION_TIMES: SessionTimes = { makeDeadline: 2_000, drain: 1_000 };

/**
 * When a client that has just started gets its modules; it stands still while it compiles them.
 *
 * - `last`: after its routes. Those that need none serve meanwhile; the others answer 500.
 * - `first`: before its routes, without which it takes no requests. Others serve meanwhile.
 */
export type ModuleOrder = 'first' | 'last';

/** So long routes wait for modules. Envoy itself waits 15 seconds for routes, and then serves without. Milliseconds. */
const LONGEST_MODULES = 10_000;

/**
 * So long listeners wait for the agent beside the client. That is longer than until a client whose agent is elsewhere is made
 * to come again the first time, so that it looks there, and shorter than the second (`SameReplica`): where the agent is
 * nowhere, the client serves what needs no module after 5 s with each replica that it comes to and this time. Milliseconds.
 */
const LONGEST_ALONE = 8_000;

/** A response that was written is on its way after this time. Milliseconds. */
const UNTIL_SENT = 1;

/** What a session needs from outside and tells. */
export interface SessionPorts {
  readonly clock: Clock;
  send(response: DeltaResponse): void;
  /**
   * The client rejects these of what it is to have now. What it rejects is the version that it was sent, however late it says
   * so: where another one is wanted by then nothing is told, unless that version is wanted again before the client is sent another.
   */
  rejected(rejections: readonly Rejection[]): void;
  /**
   * The client has answered for everything of the snapshot it is to have; `refused` are the resources that it rejects. Once
   * a snapshot.
   */
  settled(refused: readonly RefusedResource[]): void;
  /** `Session.warming` has changed. */
  warming(): void;
  /** The client's modules; without them whatever is published is with the client. */
  readonly modules?: PodModules;
  /** Whether an extension configuration cannot be had now, so that a client goes on with the one that it has. */
  keeps?(name: string): boolean;
}

/** One delta stream of one client: brings the client from what it has to the desired snapshot, stage by stage. */
export class Session {
  readonly #ports: SessionPorts;
  readonly #times: SessionTimes;
  readonly #subscriptions = new Map<XdsType, Subscription>();
  /** RouteConfigurations that the client has: it drops virtual hosts of any other. */
  readonly #configurations = new Set<string>();
  #desired: XdsSnapshot;
  /** The snapshot that is made, or will be in a moment, as a whole. */
  #made: XdsSnapshot | undefined;
  #stage: Stage = 'make';
  #cancelTimer: () => void = () => undefined;
  /** Of the wait for the answer to the clusters sent last, which changes that come meanwhile do not make longer. */
  #cancelPatience: () => void = () => undefined;
  #nonce = 0;
  #warming: ReadonlySet<string> = new Set();
  /** What was told of what the client rejects. */
  #told: ReadonlySet<Rejection> = new Set();
  #closed = false;
  /** The client has just started and serves nothing yet. */
  #isFresh = true;
  readonly #modules: ModuleOrder;
  /** Of the wait for the agent, then of that for the modules. */
  #cancelModules: () => void = () => undefined;
  /** Listeners wait for the agent beside the client: with them it would begin to wait for routes, which are bounded. */
  #awaitsAgent: boolean;
  /** Files that the client has loaded, and may be told of again without its agent. */
  #files: ReadonlySet<string> = new Set();

  constructor(
    desired: XdsSnapshot,
    ports: SessionPorts,
    times: SessionTimes = SESSION_TIMES,
    modules: ModuleOrder = 'last',
  ) {
    this.#desired = desired;
    this.#ports = ports;
    this.#times = times;
    this.#modules = modules;
    this.#awaitsAgent = modules === 'first' && ports.modules !== undefined;
    if (this.#awaitsAgent) {
      this.#cancelModules = ports.clock.after(LONGEST_ALONE, () => {
        this.#waitForModules();
        this.#progress();
      });
    } else if (modules === 'first') this.#waitForModules();
    this.#enter('make');
  }

  /** Where the client is. */
  get stage(): Stage {
    return this.#stage;
  }

  /** The clusters that still warm although they were waited for as long as one may. */
  get warming(): ReadonlySet<string> {
    return this.#warming;
  }

  /** Whether the client has taken all of the snapshot, and what is no longer named has gone. */
  get isClean(): boolean {
    return this.#stage === 'break' && this.#rejected().length === 0 && !this.#isBehind();
  }

  /** Whether the client has acknowledged this resource. */
  acknowledged(type: XdsType, resource: XdsResource): boolean {
    return this.#subscriptions.get(type)?.acknowledged(resource) === true;
  }

  /** Takes a new snapshot to bring the client to. */
  publish(desired: XdsSnapshot): void {
    this.#desired = desired;
    this.#made = undefined;
    this.#forgetFiles();
    this.#tellWarming();
    this.#enter('make');
    this.#progress();
  }

  /** Takes a message of the client. A type that is not served is ignored: Envoy then keeps its own default. */
  receive(request: DeltaRequest): void {
    const type = typeOfUrl(request.typeUrl);
    if (type === undefined) return;
    const known = this.#subscriptions.get(type);
    const subscription = known ?? new Subscription(type, request.initialVersions, request.subscribe);
    if (known === undefined) this.#subscriptions.set(type, subscription);
    else known.change(request.subscribe, request.unsubscribe);
    // Who has listeners serves, or is about to.
    if (SWITCH_TYPES.some((one) => one === type) && request.initialVersions.size > 0) this.#isFresh = false;
    if (type === 'extension-config') this.#loaded(this.#current(request.initialVersions));
    if (type === 'route') this.#followConfigurations(subscription, request);
    if (request.nonce !== '') this.#answered(type, subscription, request);
    this.#subscriptions.get('cluster')?.heard();
    if (type === 'cluster' || type === 'endpoint') this.#tellWarming();
    this.#progress();
  }

  /** Ends the session: no timer runs and nothing is sent any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#cancelPatience();
    this.#cancelModules();
  }

  #answered(type: XdsType, subscription: Subscription, request: DeltaRequest): void {
    const taken = subscription.answer(request.nonce, request.error);
    if (type === 'route') for (const { name } of taken) this.#configurations.add(name);
    this.#loaded(taken);
  }

  /** Tells what the client rejects of what it is to have, and was not told yet. */
  #tellRejected(): void {
    const due = this.#rejected().filter((one) => this.#told.has(one) || !this.#isSearched(one.type));
    const news = due.filter((one) => !this.#told.has(one));
    this.#told = new Set(due);
    if (news.length > 0) this.#ports.rejected(news);
  }

  /**
   * Whether others that the client rejects are yet to be found, and told together: for each the whole would be published. Of
   * clusters they are told before routes are sent that may lead to them.
   */
  #isSearched(type: XdsType): boolean {
    if (type === 'cluster' && this.#stage !== 'make') return false;
    return this.#subscriptions.get(type)?.searches(this.#desired[type]) === true;
  }

  /** The extension configurations of which the client has these versions, where those are the ones that it is to have. */
  #current(versions: ReadonlyMap<string, string>): readonly XdsResource[] {
    const desired = this.#desired['extension-config'];
    return [...versions].flatMap(([name, version]) => {
      const resource = desired.get(name);
      return resource?.version === version ? [resource] : [];
    });
  }

  #loaded(resources: readonly XdsResource[]): void {
    const files = resources.flatMap(({ file }) => (file === undefined || this.#files.has(file) ? [] : [file]));
    if (files.length > 0) this.#files = new Set([...this.#files, ...files]);
  }

  /** What nothing names any more may be deleted. */
  #forgetFiles(): void {
    if (this.#files.size === 0) return;
    const named = new Set([...this.#desired['extension-config'].values()].map(({ file }) => file));
    this.#files = new Set([...this.#files].filter((file) => named.has(file)));
  }

  /** From now on routes wait for modules, and listeners for nothing more. */
  #waitForModules(): void {
    this.#awaitsAgent = false;
    this.#cancelModules();
    this.#cancelModules = this.#ports.clock.after(LONGEST_MODULES, () => {
      this.#isFresh = false;
      this.#progress();
    });
  }

  /** A RouteConfiguration that the client asks for has no virtual hosts there, save one that it says it has. */
  #followConfigurations(routes: Subscription, { subscribe }: DeltaRequest): void {
    for (const name of subscribe) {
      if (routes.knows(name)) this.#configurations.add(name);
      else if (this.#configurations.delete(name)) {
        this.#subscriptions.get('virtual-host')?.forgetAll((host) => configurationOf(host) === name);
      }
    }
  }

  #enter(stage: Stage): void {
    this.#cancelTimer();
    this.#cancelTimer = () => undefined;
    this.#stage = stage;
    const next = stage === 'make' ? 'switch' : stage === 'drain' ? 'break' : undefined;
    if (next === undefined) return;
    const ms = stage === 'make' ? this.#times.makeDeadline : this.#times.drain;
    this.#cancelTimer = this.#ports.clock.after(ms, () => {
      if (stage === 'make') this.#waitNoLonger();
      this.#enter(next);
      this.#progress();
    });
  }

  /** Sends whatever the stage allows and moves to the next stage when this one is done. */
  #progress(): void {
    if (this.#closed) return;
    this.#tellRejected();
    if (this.#awaitsAgent && (!this.#isFresh || this.#ports.modules?.isComplete === true)) this.#waitForModules();
    this.#sendAll();
    this.#excuseClustersInUse();
    if (this.#stage === 'make' && this.#done(MAKE_TYPES)) {
      this.#enter('switch');
      this.#sendAll();
    }
    // What waits is not counted as missing, and yet the client has not got it.
    const isHeld = this.#awaitsAgent || !this.#maySendRoutes();
    if (this.#stage === 'switch' && !isHeld && this.#done(ALL_TYPES)) {
      this.#isFresh = false;
      this.#enter('drain');
      this.#ports.settled(this.#rejected());
      this.#sendAll();
    }
    if (this.#stage === 'make') this.#makeTheRest();
  }

  /** A snapshot is made as far as it is looked at: what comes next is made while the client takes what it was sent. */
  #makeTheRest(): void {
    const desired = this.#desired;
    if (this.#made === desired || !this.#subscriptions.values().some(({ waiting }) => waiting)) return;
    this.#made = desired;
    this.#ports.clock.after(UNTIL_SENT, () => {
      if (!this.#closed && this.#desired === desired) makeWhole(desired);
    });
  }

  #sendAll(): void {
    const types = this.#stage === 'make' ? MAKE_TYPES : ALL_TYPES;
    for (const type of types) if (type !== 'listener' || !this.#awaitsAgent) this.#send(type);
  }

  #send(type: XdsType): void {
    const subscription = this.#subscriptions.get(type);
    if (subscription === undefined) return;
    const difference = subscription.difference(this.#desired[type], this.#permission(type));
    if (difference === undefined) return;
    this.#nonce += 1;
    const nonce = String(this.#nonce);
    subscription.sent(nonce, difference);
    this.#ports.send({ typeUrl: typeUrl(type), nonce, ...difference });
    if (type !== 'cluster') return;
    this.#cancelPatience();
    this.#cancelPatience = this.#ports.clock.after(this.#times.makeDeadline, () => {
      this.#waitNoLonger();
      this.#progress();
    });
    this.#resendEndpoints(difference.resources.map(({ name }) => name));
  }

  /** The deadline has passed: what still warms must not hold up anything else. */
  #waitNoLonger(): void {
    const clusters = this.#subscriptions.get('cluster');
    if (clusters === undefined || !clusters.waiting) return;
    clusters.excuse();
    this.#tellWarming();
  }

  /**
   * Envoy withholds the acknowledgement of every cluster while any one warms. A cluster whose endpoints it has acknowledged
   * has warmed all the same, so that its own acknowledgement need not be waited for.
   */
  #excuseClustersInUse(): void {
    const clusters = this.#subscriptions.get('cluster');
    if (clusters?.isWithheld !== true || !clusters.waiting) return;
    if (![...clusters.awaited].every((name) => this.#isInUse(name))) return;
    clusters.excuse();
    this.#sendAll();
  }

  /** Whether a cluster has warmed, or is not wanted any more. */
  #isInUse(name: string): boolean {
    if (!this.#desired.cluster.has(name)) return true;
    const assignment = this.#desired.endpoint.get(name);
    return assignment !== undefined && this.acknowledged('endpoint', assignment);
  }

  /** Tells of the clusters that are wanted, and still warm although they were waited for as long as one may. */
  #tellWarming(): void {
    const late = this.#subscriptions.get('cluster')?.late ?? new Set();
    const warming = new Set([...late].filter((name) => !this.#isInUse(name)));
    if (warming.size === this.#warming.size && warming.isSubsetOf(this.#warming)) return;
    this.#warming = warming;
    this.#ports.warming();
  }

  #permission(type: XdsType): Permission {
    if (type === 'virtual-host') {
      return {
        send: (name) => this.#configurations.has(configurationOf(name)),
        remove: (name) => this.#stage !== 'make' && !this.#serves(configurationOf(name)),
      };
    }
    const removals = this.#mayRemove(type);
    if (type === 'route') {
      const isSent = this.#maySendRoutes();
      return { send: () => isSent, remove: () => removals };
    }
    if (type !== 'extension-config') return { send: () => true, remove: () => removals };
    const isSent = !this.#isFresh || this.#modules === 'first' || this.#done(SWITCH_TYPES);
    // Where connections go is a route, and comes after the clusters.
    return {
      send: (name) =>
        isStreamConfig(name) ? this.#stage !== 'make' : isSent && !this.#lacksFile(name) && !this.#isKept(name),
      remove: (name) => (removals && !this.#isKept(name)) || this.#isOpen(name),
    };
  }

  /** Whether an extension configuration names a file that is not known to be with the client: it would reject it. */
  #lacksFile(name: string): boolean {
    const file = this.#desired['extension-config'].get(name)?.file;
    return file !== undefined && !this.#files.has(file) && this.#ports.modules?.holds(file) === false;
  }

  /** Whether the client is still to be told of a file that it has not got yet. */
  #isBehind(): boolean {
    return [...this.#desired['extension-config'].keys()].some((name) => this.#lacksFile(name));
  }

  /** Whether the client goes on with the version that it has of what cannot be had now, unless that lets requests pass. */
  #isKept(name: string): boolean {
    if (this.#ports.keeps?.(name) !== true) return false;
    const configs = this.#subscriptions.get('extension-config');
    return configs?.knows(name) === true && !mayLeaveOut(name, configs.runs(name));
  }

  #maySendRoutes(): boolean {
    return this.#modules === 'last' || !this.#isFresh || this.#hasModules();
  }

  /**
   * Whether the client has answered for every module that it asks for: it asks when it has its listeners. Whose agent has all
   * that is wanted is told of it as soon as the others have it, too; until then what is named may be a file that it never had.
   */
  #hasModules(): boolean {
    const type = 'extension-config';
    if (this.#ports.modules?.isComplete === true && this.#isBehind()) return false;
    const desired = this.#desired[type];
    return this.#subscriptions.get(type)?.settled(desired, this.#permission(type)) ?? desired.size === 0;
  }

  /**
   * Whether the client still needs the virtual hosts of a RouteConfiguration that is gone, for connections of a listener
   * that it drains.
   */
  #serves(configuration: string): boolean {
    const routes = this.#subscriptions.get('route');
    return !this.#desired.route.has(configuration) && routes?.names(configuration) === true;
  }

  /** What is gone may be removed once nothing uses it: a version that was rejected leaves the one before in use. */
  #mayRemove(type: XdsType): boolean {
    if (this.#stage === 'break') return this.#rejected().length === 0;
    return this.#stage !== 'make' && type === 'listener';
  }

  /**
   * Whether the client has its routes, and lets requests pass without a user's filter that has no configuration now. The routes
   * may want it not to be left out any more: nothing else that is rejected may keep them open.
   */
  #isOpen(name: string): boolean {
    const configs = this.#subscriptions.get('extension-config');
    return this.#stage === 'drain' && configs !== undefined && mayLeaveOut(name, configs.runs(name));
  }

  /** What the client rejects of what it is to have. */
  #rejected(): readonly Rejection[] {
    return [...this.#subscriptions.values()]
      .flatMap(({ rejections }) => rejections)
      .filter(({ type, name, version }) => this.#desired[type].get(name)?.version === version);
  }

  /** Envoy does not ask again for the endpoints of a cluster that changed, but waits for them (15 s). */
  #resendEndpoints(clusters: readonly string[]): void {
    const endpoints = this.#subscriptions.get('endpoint');
    if (endpoints === undefined) return;
    for (const name of clusters) endpoints.forget(name);
    this.#send('endpoint');
  }

  #done(types: readonly XdsType[]): boolean {
    return types.every((type) => {
      const subscription = this.#subscriptions.get(type);
      if (subscription !== undefined) return subscription.settled(this.#desired[type], this.#permission(type));
      // Secrets and extension configurations are asked for only once a listener or a cluster names them, which is later.
      const mayBeLater = this.#stage === 'make' && (type === 'secret' || type === 'extension-config');
      return mayBeLater || this.#desired[type].size === 0;
    });
  }
}
