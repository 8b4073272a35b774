import { readFile, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { wasmFilterName } from './features/wasm/xds.ts';
import type { Deployed, Infra, OpenProxy } from './infra/infra.ts';
import { pauseAfter } from './infra/local/daemon.ts';
import type { ResourcePatchIr } from './ir/patch.ts';
import type { InfraGatewayIr, InfraIr, ProxyIr } from './ir/proxy.ts';
import type { RouteIr } from './ir/route.ts';
import type { LoadedFilterIr, WasmFilterIr } from './ir/wasm-filter.ts';
import { chooseFilters, isVersion, readLoadedFilters, writeLoadedFilters } from './loaded-filters.ts';
import { lazily } from './resources/lazily.ts';
import type { Clock } from './runtime/clock.ts';
import { Publication } from './server/ads/publication.ts';
import type { RefusedResource, Rejection } from './server/ads/rejection.ts';
import { type ModuleOrder, SESSION_TIMES } from './server/ads/session.ts';
import { ModuleStore, type WasmModule } from './server/agent/module-store.ts';
import { SidecarStates } from './server/agent/sidecar-states.ts';
import { serveProxy } from './server/proxy-server.ts';
import type { SidecarStateOf } from './sidecar-state.ts';
import type { HeldRoute, RejectedResource } from './status/live-status.ts';
import { accepted, type RefusedHosts } from './xds/accepted.ts';
import type { ConnectionLimits } from './server/connection-limits.ts';
import { refusesAll } from './xds/held-route.ts';
import { wasmFiltersOf } from './xds/http-filters.ts';
import { lower, type LoadedFilters, type ModuleFile } from './xds/lower.ts';
import { PatchedHosts } from './xds/patched-hosts.ts';
import { POLICY_CONFIGS } from './xds/policy-filter.ts';
import { withRetired } from './xds/retired-policies.ts';
import { Quarantine } from './xds/quarantine.ts';
import { configurationOf, isForeign } from './xds/route-configuration.ts';
import type { XdsResource, XdsSnapshot } from './xds/snapshot.ts';
import { clustersOf, routesIn, routesOf, withhold } from './xds/withhold.ts';
import type { XdsType } from './xds/types.ts';
import { messageOf } from './runtime/message-of.ts';

/** What a running proxy is made with. */
export interface RunningProxyOptions {
  readonly key: string;
  readonly infra: Pick<Infra, 'open'>;
  /** What is to be known of it to the next controller is kept here. */
  readonly folder: string;
  readonly log: Logger;
  /** Of the connections of the proxy. */
  readonly serverLog: Logger;
  /** The proxy itself, where it is being opened already. */
  readonly opening?: Promise<OpenProxy>;
  readonly modules: Modules;
  /** What its sidecar is to work by. */
  readonly sidecarState: SidecarStateOf;
  readonly clock: Clock;
  /** A token named a key that is not in this key set (`sluice.filter.v1.JwtProvider.key_set`). */
  readonly unknownKey: (keySet: string) => void;
  /** A client has answered a response of a type. */
  readonly answered: (type: XdsType, isRejected: boolean) => void;
  /** How its connections are bounded; `CONNECTION_LIMITS` where nothing is said. */
  readonly limits?: ConnectionLimits;
  /** When an Envoy that has just started gets its modules: `last` where it is the only one, `first` where others serve. */
  readonly moduleOrder?: ModuleOrder;
  /** For tests alone: makes of a snapshot one that Envoy rejects. */
  readonly tamper?: (snapshot: XdsSnapshot) => XdsSnapshot;
  /** It has become ready, or what it rejects has changed. */
  readonly changed: () => void;
  /** These Gateways have an Envoy that warms these clusters, from now on, for longer than anything else may wait. */
  readonly warms?: (clusters: ReadonlySet<string>, gateways: readonly InfraGatewayIr[]) => void;
}

/** The modules that can be had, by digest. */
export interface Modules {
  has(digest: string): boolean;
  read(digest: string): Promise<WasmModule | undefined>;
}

/** What is to be told of a proxy. */
export interface ProxyReport {
  readonly key: string;
  readonly ready: boolean;
  readonly connected: boolean;
  readonly envoyPid: number | undefined;
  readonly restarts: { readonly envoy: number; readonly sidecar: number };
  readonly ir: ProxyIr | undefined;
  /** Where it is reached and how much of it runs; `undefined` where its sockets are all there is to know. */
  readonly deployed: Deployed | undefined;
  /** What it is to have. */
  readonly snapshot: XdsSnapshot;
  /** Whether it has acknowledged a resource of that. */
  readonly acknowledged: (type: XdsType, resource: XdsResource) => boolean;
  readonly rejected: readonly RejectedResource[];
  /** Routes that stay as they were, or answer 500, because it rejects them or what they lead to. */
  readonly rejectedRoutes: readonly HeldRoute[];
  /** The digest of the policy module that it is to run, where nobody has that, and it has no earlier one. */
  readonly missingModule: string | undefined;
  /** Clusters that an Envoy of it warms for longer than anything else may wait: routes to them stay as they were, or answer 500. */
  readonly warming: ReadonlySet<string>;
}

type Rejected = Pick<RejectedResource, 'name' | 'message'> & {
  readonly type: XdsType;
  readonly version: string | undefined;
};

type Started = { readonly open: OpenProxy; readonly stopServing: () => void };

/** One proxy from its configuration to its processes. */
export class RunningProxy {
  readonly #options: RunningProxyOptions;
  readonly #publication: Publication;
  readonly #store: ModuleStore;
  readonly #states = new SidecarStates();
  readonly #rejected = new Map<string, Rejected>();
  #ir: ProxyIr | undefined;
  /** What it needs to run. */
  #infra: InfraIr | undefined;
  /** The same, with what routes that it is not known to have given up still share. */
  #wanted: ProxyIr | undefined;
  #cancelTrim: () => void = () => undefined;
  #cancelLetGo: () => void = () => undefined;
  /** What was published last, and what the proxy has of what was published. */
  #published: ProxyIr | undefined;
  #lastGood: ProxyIr | undefined;
  /** Clusters that the proxy warms for longer than anything else may wait: routes to them stay as they were. */
  #warming: ReadonlySet<string> = new Set();
  /** Of virtual hosts that were rejected: which routes of them are to blame. */
  readonly #quarantine = new Quarantine<RouteIr>();
  /** Of virtual hosts that were rejected: for whose patches. */
  readonly #patched = new PatchedHosts();
  /** The `policy` module published last: it serves until the file of the one that is wanted is there. */
  #policyModule: ModuleFile | undefined;
  /** Users' filters of the routes that are to be served, or stay as they were. */
  #wantedFilters: ReadonlyMap<string, WasmFilterIr> = new Map();
  /** Users' filters in the versions that were published last. */
  #filters: LoadedFilters = new Map();
  /** Those that it acknowledged last, and those that it rejected, with its words. */
  #goodFilters: LoadedFilters = new Map();
  readonly #refusedFilters = new Map<string, { readonly version: LoadedFilterIr; readonly message: string }>();
  #noted: Promise<void> = Promise.resolve();
  #starting: Promise<Started | undefined> | undefined;
  #started: Started | undefined;
  #ready = false;
  readonly #stopping = new AbortController();
  /** Of the wait for listeners; a later configuration has others. */
  #becoming = new AbortController();

  constructor(options: RunningProxyOptions) {
    this.#options = options;
    this.#store = new ModuleStore({
      load: (digest) => options.modules.read(digest),
      onReady: () => this.#publish(),
      clock: options.clock,
    });
    this.#publication = new Publication(
      {
        rejected: (rejections) => this.#onRejected(rejections),
        warming: (names) => this.#onWarming(names),
        settled: (refused) => this.#onSettled(refused),
      },
      SESSION_TIMES,
      options.moduleOrder,
    );
  }

  /**
   * Whether the proxy has ever answered for a whole configuration, its module included, and listened on all that it took of
   * it: what it rejects is told in statuses, and holds back only itself.
   */
  get ready(): boolean {
    return this.#ready;
  }

  /** What is to be told of it now. */
  report(): ProxyReport {
    return {
      key: this.#options.key,
      ready: this.#ready,
      connected: this.#publication.clients > 0,
      envoyPid: this.#started?.open.envoyPid,
      restarts: this.#started?.open.restarts ?? { envoy: 0, sidecar: 0 },
      ir: this.#ir,
      deployed: this.#started?.open.deployed,
      snapshot: this.#publication.snapshot,
      acknowledged: (type, resource) => this.#publication.acknowledged(type, resource),
      rejected: [
        ...[...this.#rejected.values()].map((one) => ({ ...one, policies: this.#policiesOn(one) })),
        ...this.#rejectedHosts(),
        ...this.#rejectedFilters(),
      ],
      rejectedRoutes: this.#heldRoutes(),
      missingModule: this.#missingModule(),
      warming: this.#warming,
    };
  }

  #missingModule(): string | undefined {
    const digest = this.#ir?.policyModule?.digest;
    return digest === undefined || this.#options.modules.has(digest) || this.#policyModule !== undefined
      ? undefined
      : digest;
  }

  /** Virtual hosts that are not as they are wanted because the proxy rejected their patches. */
  #rejectedHosts(): readonly RejectedResource[] {
    return [...this.#patched.rejected].map(([name, { message }]) => ({
      type: 'virtual-host',
      name,
      message,
      policies: this.#policiesOn({ type: 'virtual-host', name }),
      instead: this.#patched.closed.has(name) ? 'error' : 'earlier patches',
    }));
  }

  /** Users' filters that are not in the version that is wanted because the proxy rejected it. */
  #rejectedFilters(): readonly RejectedResource[] {
    const wanted = this.#ir === undefined ? new Map<string, WasmFilterIr>() : wasmFiltersOf(this.#ir);
    return [...this.#refusedFilters].flatMap(([name, { version, message }]) => {
      const filter = wanted.get(name);
      const isWanted = filter?.module?.digest === version.digest && isVersion(version, { ...version, filter });
      return isWanted
        ? [{ type: 'extension-config', name: wasmFilterName(version.filter), message, policies: [] }]
        : [];
    });
  }

  /** The policies that patch a resource, by namespace and name. */
  #policiesOn(resource: RefusedResource): readonly string[] {
    return [...new Set(this.#patchesOf(resource).map(({ policy }) => policy))];
  }

  #heldRoutes(): readonly HeldRoute[] {
    const published = this.#published === undefined ? [] : routesOf(this.#published);
    const closed = lazily(() => new Set([...published].filter(refusesAll).map(({ name }) => name)));
    const isClosed = (name: string): Pick<HeldRoute, 'isClosed'> => (closed().has(name) ? { isClosed: true } : {});
    const bad = [...this.#quarantine.bad].map(([{ name }, message]): HeldRoute => ({
      name,
      ...isClosed(name),
      message,
    }));
    const inClosed = [...this.#patched.closed].flatMap((host): readonly HeldRoute[] => {
      const because = `virtual-host ${host}`;
      const message = this.#patched.rejected.get(host)?.message ?? '';
      const routes = this.#ir === undefined ? [] : [...routesIn(this.#ir, new Set([host]))];
      return routes.map(({ name }) => ({ name, because, isClosed: true, message }));
    });
    const sources = [...this.#rejected.values()].filter(
      (one) => (one.type === 'cluster' || one.type === 'endpoint') && !this.#isPatched(one),
    );
    if (sources.length === 0 || this.#ir === undefined) return [...bad, ...inClosed];
    const held = [...routesOf(this.#ir)].flatMap((route): HeldRoute[] => {
      const source = sources.find(({ name }) => clustersOf(route).some((cluster) => cluster.name === name));
      if (source === undefined) return [];
      const because = `${source.type} ${source.name}`;
      return [{ name: route.name, because, ...isClosed(route.name), message: source.message }];
    });
    return [...bad, ...inClosed, ...held];
  }

  /** Brings the proxy to a configuration; starts it with the first. */
  apply(ir: ProxyIr, infra: InfraIr): void {
    if (this.#infra !== infra) {
      this.#infra = infra;
      this.#started?.open.deploy(infra);
    }
    if (this.#ir !== ir) this.#become(ir);
  }

  #become(ir: ProxyIr): void {
    const before = this.#ir?.policyModule?.digest;
    const policy = ir.policyModule?.digest;
    this.#ir = ir;
    const routes = this.#quarantine.withheld.size === 0 ? new Set<RouteIr>() : new Set(routesOf(ir));
    this.#quarantine.restart((route) => routes.has(route));
    if (policy !== undefined && policy !== before && !this.#options.modules.has(policy)) {
      this.#options.log.warn(
        { digest: policy },
        'policy module cannot be had: routes with a policy answer 500 until it can, unless an earlier one serves',
      );
    }
    const filters = [...wasmFiltersOf(ir).values()].map(({ module }) => module?.digest);
    this.#store.want([policy, ...filters].filter((digest) => digest !== undefined));
    if (this.#starting === undefined) this.#starting = this.#start();
    else this.#publish();
  }

  /** Has the proxy serve nothing, until it is brought to a configuration again. What it runs on, and its module, stay. */
  idle(): void {
    if (this.#ir?.listeners.length === 0) return;
    const { key } = this.#options;
    const nothing = { listeners: [], clusters: [], endpoints: [], secrets: [] };
    this.#become({ key, policyModule: this.#ir?.policyModule, ...nothing });
  }

  /** Lets go of modules that nothing names any more: every Envoy has acknowledged all that it is to have, and that the rest is gone. */
  #letGo(): void {
    // Whoever gets there last leads here again.
    if (!this.#publication.isClean || this.#kept().size > 0) return;
    const used = new Set(this.#published === undefined ? [] : wasmFiltersOf(this.#published).keys());
    // The files go: no filter of a name that comes back may lead to one of them.
    const kept = (filters: LoadedFilters): LoadedFilters => new Map([...filters].filter(([name]) => used.has(name)));
    this.#filters = kept(this.#filters);
    this.#goodFilters = kept(this.#goodFilters);
    const loaded = [...this.#filters.values()].map(({ digest }) => digest);
    this.#store.retain(this.#policyModule === undefined ? loaded : [...loaded, this.#policyModule.digest]);
  }

  /** Ends the proxy: its processes, its socket. */
  async stop(): Promise<void> {
    this.#end();
    await this.#starting;
    await this.#started?.open.close();
    this.#started?.stopServing();
  }

  /** Lets go of a proxy that goes on with what it has, until it is served again. */
  async leave(): Promise<void> {
    this.#end();
    await this.#starting;
    this.#started?.stopServing();
  }

  #end(): void {
    this.#stopping.abort();
    this.#store.close();
    this.#cancelTrim();
    this.#cancelLetGo();
  }

  /** Starts what it needs, again and again where that fails: a disk that is full has space later. */
  async #start(): Promise<Started | undefined> {
    const { key, infra, folder, log } = this.#options;
    // An Envoy that is taken over has the module. Were it published without, its agent being slower, it would lose it.
    [this.#policyModule, this.#filters] = await Promise.all([readModuleFile(folder), readLoadedFilters(folder)]);
    this.#publish();
    const changed = (): void => this.#options.changed();
    let opening = this.#options.opening ?? infra.open(key, changed);
    for (let failures = 1; ; failures += 1) {
      try {
        return this.#serve(await opening);
      } catch (error) {
        const restartInMs = pauseAfter(failures);
        log.error({ reason: messageOf(error), restartInMs }, 'the proxy cannot be started, it is tried again');
        await sleep(restartInMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
      if (this.#stopping.signal.aborted) return undefined;
      opening = infra.open(key, changed);
    }
  }

  #serve(open: OpenProxy): Started {
    const { clock, serverLog, answered, unknownKey, limits } = this.#options;
    const { socket } = open;
    const stopServing = serveProxy({
      socket,
      publication: this.#publication,
      modules: this.#store,
      states: this.#states,
      clock,
      log: serverLog,
      ...(limits === undefined ? {} : { limits }),
      answered,
      unknownKey,
    });
    this.#started = { open, stopServing };
    if (this.#infra !== undefined) open.deploy(this.#infra);
    return this.#started;
  }

  #publish(): void {
    if (this.#ir === undefined) return;
    this.#cancelLetGo();
    this.#choosePolicyModule(this.#ir);
    this.#chooseFilters(this.#ir);
    const wanted = withRetired(withRetired(this.#ir, this.#lastGood), this.#published);
    this.#wanted = wanted;
    const snapshot = this.#lower(wanted);
    for (const [id, { type, name, version }] of this.#rejected) {
      if (snapshot[type].get(name)?.version !== version) this.#rejected.delete(id);
    }
    this.#patched.retry(snapshot);
    const rejected = [...this.#rejected.values()].filter((one) => !this.#isPatched(one));
    const clusters = rejected.filter(({ type }) => type === 'cluster').map(({ name }) => name);
    const withheld = { clusters: new Set(clusters), routes: this.#quarantine.withheld, warming: this.#warming };
    this.#published = withhold(wanted, withheld, this.#lastGood);
    this.tellSidecar();
    const tamper = this.#options.tamper ?? ((untouched: XdsSnapshot) => untouched);
    const lowered = (ir: ProxyIr): XdsSnapshot => (ir === wanted ? snapshot : this.#lower(ir));
    const chosen = this.#patched.repaired(this.#published, this.#lastGood, lowered);
    this.#publication.publish(tamper(chosen), this.#kept());
  }

  /**
   * Names of the extension configurations of which no version can be had now, through no fault of theirs: a controller that is
   * new does not know what the proxy runs while the registry is down, or the agent has not come yet.
   */
  #kept(): ReadonlySet<string> {
    const filters = this.#wantedFilters.values().filter(({ name }) => {
      return !this.#filters.has(name) && !this.#refusedFilters.has(name);
    });
    return new Set([...(this.#policyModule === undefined ? POLICY_CONFIGS : []), ...filters.map(wasmFilterName)]);
  }

  #lower(ir: ProxyIr): XdsSnapshot {
    return lower(ir, this.#policyModule, this.#filters);
  }

  #choosePolicyModule({ policyModule }: ProxyIr): void {
    const path = policyModule === undefined ? undefined : this.#store.path(policyModule.digest);
    if (policyModule === undefined || path === undefined || path === this.#policyModule?.path) return;
    this.#policyModule = { digest: policyModule.digest, path };
    void writeModuleFile(this.#options.folder, this.#policyModule);
  }

  #chooseFilters(ir: ProxyIr): void {
    // A route that stays as it was may have a filter that is not wanted any more.
    const kept = this.#lastGood === undefined ? [] : wasmFiltersOf(this.#lastGood);
    this.#wantedFilters = new Map([...kept, ...wasmFiltersOf(ir)]);
    const chosen = chooseFilters({
      wanted: this.#wantedFilters,
      last: this.#filters,
      good: this.#goodFilters,
      refused: new Map([...this.#refusedFilters].map(([name, { version }]) => [name, version])),
      pathOf: (digest) => this.#store.path(digest),
    });
    const isSame =
      chosen.size === this.#filters.size && [...chosen].every(([name, loaded]) => this.#filters.get(name) === loaded);
    if (isSame) return;
    this.#filters = chosen;
    // One after the other, the newest last.
    this.#noted = this.#noted.then(() => writeLoadedFilters(this.#options.folder, this.#filters));
  }

  /** Tells the sidecar what to work by: whatever the routes of any configuration that may serve need. */
  tellSidecar(): void {
    const serving = [this.#ir, this.#published, this.#lastGood].filter((ir) => ir !== undefined);
    this.#states.want(this.#options.sidecarState([...new Set(serving)]));
  }

  /** Shared policies that no route names any more go, once no request can wait with such a route. */
  #trimLater(): void {
    this.#cancelTrim();
    if (this.#ir === undefined || this.#wanted === this.#ir) return;
    const left = withRetired(this.#ir, this.#published).shared?.length ?? 0;
    if (left < (this.#wanted?.shared?.length ?? 0)) {
      this.#cancelTrim = this.#options.clock.after(TRIM_AFTER, () => this.#publish());
    }
  }

  #onWarming(clusters: ReadonlySet<string>): void {
    const { log } = this.#options;
    const some = [...clusters].slice(0, NAMES_LOGGED);
    if (clusters.size > 0) log.warn({ count: clusters.size, some }, 'clusters are still warming; routes to them wait');
    else log.info('every cluster has warmed');
    const more = clusters.difference(this.#warming);
    this.#warming = clusters;
    this.#publish();
    if (more.size > 0) this.#options.warms?.(more, this.#infra?.gateways ?? []);
  }

  /** The proxy has answered for all of what was published, and rejects some of it: the routes to blame are searched. */
  #onSettled(refused: readonly RefusedResource[]): void {
    if (this.#published !== undefined) {
      const { hosts, configurations } = refusedHosts(refused);
      const untaken = { hosts: hosts.union(this.#patched.closed), configurations };
      this.#lastGood = accepted(this.#published, this.#lastGood, untaken);
      this.#patched.settle(this.#published, (name) => hosts.has(name) || configurations.has(configurationOf(name)));
    }
    if (!refused.some(({ type }) => type === 'extension-config')) this.#goodFilters = this.#filters;
    this.tellSidecar();
    if (refused.length === 0) {
      this.#cancelLetGo();
      this.#cancelLetGo = this.#options.clock.after(LET_GO_AFTER, () => this.#letGo());
      this.#trimLater();
    }
    this.#searchRoutes(refused);
    if (!this.#quarantine.searching) void this.#becomeReady(refused);
  }

  #searchRoutes(refused: readonly RefusedResource[]): void {
    const hosts = new Set(refused.filter((one) => this.#isBisected(one)).map(({ name }) => name));
    if (!this.#quarantine.searching && hosts.size === 0) return;
    if (hosts.size > 0) {
      const message = (route: RouteIr): string => this.#wordsOn(route, hosts);
      if (this.#quarantine.rejected(() => this.#changedRoutes(hosts), message)) this.#publish();
      return;
    }
    if (this.#quarantine.accepted()) {
      this.#publish();
      return;
    }
    // It is known which routes are to blame; the virtual hosts without them are taken.
    for (const [id, rejected] of this.#rejected) if (this.#isBisected(rejected)) this.#rejected.delete(id);
    this.#options.changed();
  }

  /** What changed in virtual hosts since the proxy took a whole configuration, or all of them when it never did. */
  #changedRoutes(hosts: ReadonlySet<string>): readonly RouteIr[] {
    if (this.#ir === undefined) return [];
    const good = new Set(this.#lastGood === undefined ? [] : routesOf(this.#lastGood));
    return [...routesIn(this.#ir, hosts)].filter((route) => !good.has(route));
  }

  /** What the proxy said of the virtual host that a route is in. */
  #wordsOn(route: RouteIr, hosts: ReadonlySet<string>): string {
    const ir = this.#ir;
    const own = [...hosts].find((host) => ir !== undefined && [...routesIn(ir, new Set([host]))].includes(route));
    const known = [...this.#rejected.values()].filter(({ type }) => type === 'virtual-host');
    return (known.find(({ name }) => name === own) ?? known[0])?.message ?? '';
  }

  async #becomeReady(refused: readonly RefusedResource[]): Promise<void> {
    const ir = this.#ir;
    if (this.#ready || ir === undefined) return;
    // A module that can be had is on its way; its arrival leads here again.
    const policy = ir.policyModule?.digest;
    if (policy !== undefined && this.#options.modules.has(policy) && this.#policyModule?.digest !== policy) return;
    const modules = [...wasmFiltersOf(ir).values()].flatMap(({ module }) => module?.digest ?? []);
    if (modules.some((digest) => this.#store.isComing(digest))) return;
    this.#becoming.abort();
    this.#becoming = new AbortController();
    const stop = AbortSignal.any([this.#becoming.signal, this.#stopping.signal]);
    // A patch may have added one.
    const listeners =
      this.#publication.snapshot.listener.size - refused.filter(({ type }) => type === 'listener').length;
    if ((await this.#started?.open.untilListening(listeners, stop)) !== true || this.#ready) return;
    this.#ready = true;
    this.#options.log.info('the proxy serves its first configuration');
    this.#options.changed();
  }

  /**
   * What is patched is most likely rejected for its patch: it stays at its last good version, and nothing else is blamed. (Virtual
   * hosts: `PatchedHosts`.)
   */
  #isPatched(resource: RefusedResource): boolean {
    return this.#patchesOf(resource).length > 0;
  }

  #patchesOf({ type, name }: RefusedResource): readonly ResourcePatchIr[] {
    const patched =
      type === 'virtual-host' ? ({ type: 'route', name: configurationOf(name) } as const) : { type, name };
    return (this.#ir?.patches ?? []).filter((patch) => patch.type === patched.type && patch.name === patched.name);
  }

  /** Whether it is searched which routes of a rejected resource are to blame. */
  #isBisected(rejected: RefusedResource): boolean {
    return rejected.type === 'virtual-host' && !isForeign(rejected) && !this.#isPatchToBlame(rejected.name);
  }

  /** Whether a virtual host is rejected for its patches. */
  #isPatchToBlame(host: string): boolean {
    return this.#ir !== undefined && this.#patched.areToBlame(host, this.#ir, this.#lastGood);
  }

  /** A version that the proxy rejects is not gone back to either; that one is rejected leaves open what is wanted. */
  #refuseFilter(version: LoadedFilterIr, message: string): void {
    const { name } = version.filter;
    const good = this.#goodFilters.get(name);
    const isGoneBackTo = good !== undefined && isVersion(good, version);
    if (isGoneBackTo) this.#goodFilters = new Map([...this.#goodFilters].filter(([other]) => other !== name));
    const before = this.#refusedFilters.get(name);
    if (isGoneBackTo && before !== undefined && !isVersion(before.version, version)) return;
    this.#refusedFilters.set(name, { version, message });
  }

  /** An Envoy rejects some of what is published now; where something stands for that, it is published once for all of it. */
  #onRejected(rejections: readonly Rejection[]): void {
    const ir = this.#wanted ?? this.#ir;
    if (ir === undefined) return;
    const wanted = this.#lower(ir);
    const replaced = rejections.filter((rejection) => this.#note(rejection, wanted));
    if (replaced.length > 0) this.#publish();
    this.#options.changed();
  }

  /** Notes that the proxy rejects what is published for something of `wanted`. Returns whether something else stands for it. */
  #note({ type, name, message: words }: Rejection, wanted: XdsSnapshot): boolean {
    const message = words.replaceAll(/\s+/gu, ' ').trim();
    this.#options.log.error({ type, name, reason: message }, 'the proxy rejected a configuration');
    const filter = [...this.#filters.values()].find((loaded) => wasmFilterName(loaded.filter) === name);
    if (type === 'extension-config' && filter !== undefined) {
      // The one before goes on, or it is left out: either way nothing else is held up.
      this.#refuseFilter(filter, message);
      return true;
    }
    const version = wanted[type].get(name)?.version;
    if (type === 'virtual-host' && this.#isPatchToBlame(name)) {
      this.#patched.reject(name, { version, message });
      return true;
    }
    this.#rejected.set(`${type}/${name}`, { type, name, message, version });
    // Routes to a cluster that was rejected go back to what they were; everything else is out already.
    return type === 'cluster';
  }
}

/** How long a shared policy outlives the routes that named it, in milliseconds: longer than a request waits for the sidecar. */
const TRIM_AFTER = 10_000;

/**
 * How long modules outlive the routes that named them, in milliseconds: longer than until the proxy is told that their filters are
 * gone (`Session`). A listener that is changed before is judged by the filters that it still knows, files and all.
 */
const LET_GO_AFTER = 5_000;

function refusedHosts(refused: readonly RefusedResource[]): RefusedHosts {
  const names = (wanted: XdsType): ReadonlySet<string> =>
    new Set(refused.flatMap(({ type, name }) => (type === wanted ? [name] : [])));
  return { hosts: names('virtual-host'), configurations: names('route') };
}

/** The module that this proxy was told last, where its file still is there. */
async function readModuleFile(folder: string): Promise<ModuleFile | undefined> {
  const [digest, path] = (await readFile(join(folder, MODULE_FILE), 'utf8').catch(() => '')).split('\n');
  if (digest === undefined || path === undefined || !existsSync(path)) return undefined;
  return { digest, path };
}

/** A controller that comes back without it finds the module with the agent, a moment later. */
async function writeModuleFile(folder: string, { digest, path }: ModuleFile): Promise<void> {
  const file = join(folder, MODULE_FILE);
  await writeFile(`${file}.new`, `${digest}\n${path}\n`, { mode: 0o600 })
    .then(() => rename(`${file}.new`, file))
    .catch(() => undefined);
}

/** So many names are in a line of the log at most. */
const NAMES_LOGGED = 5;

const MODULE_FILE = 'policy-module';
