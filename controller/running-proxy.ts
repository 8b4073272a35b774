import type { Logger } from 'pino';
import type { ImageModule } from './fetch/oci-layout.ts';
import type { ProxyPaths } from './infra/local/bootstrap.ts';
import { untilListening } from './infra/local/envoy-admin.ts';
import { type Programs, type ProxyProcesses, startProxyProcesses } from './infra/local/proxy-processes.ts';
import type { ProxyIr } from './ir/proxy.ts';
import type { Clock } from './runtime/clock.ts';
import { Publication } from './server/ads/publication.ts';
import type { Rejection } from './server/ads/session.ts';
import { ModuleStore } from './server/agent/module-store.ts';
import { serveProxy } from './server/proxy-server.ts';
import { lower, type ModuleFile } from './xds/lower.ts';

/** What a running proxy is made with. */
export interface RunningProxyOptions {
  readonly key: string;
  readonly paths: ProxyPaths;
  readonly programs: Programs;
  /** The modules that can be had, by digest. */
  readonly modules: ReadonlyMap<string, ImageModule>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One proxy from its configuration to its processes. */
export class RunningProxy {
  readonly #options: RunningProxyOptions;
  readonly #publication: Publication;
  readonly #store: ModuleStore;
  #ir: ProxyIr | undefined;
  /** The `policy` module published last: it serves until the file of the one that is wanted is there. */
  #policyModule: ModuleFile | undefined;
  #started: Promise<{ readonly processes: ProxyProcesses; readonly stopServing: () => Promise<void> }> | undefined;
  #ready = false;
  readonly #stopping = new AbortController();

  constructor(options: RunningProxyOptions) {
    this.#options = options;
    this.#store = new ModuleStore(() => this.#publish());
    this.#publication = new Publication({
      rejected: (rejection) => this.#rejected(rejection),
      acknowledged: () => void this.#becomeReady(),
    });
  }

  /** Whether the proxy has ever acknowledged a whole configuration, its module included, and listened on all of it. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Brings the proxy to a configuration; starts it with the first. */
  apply(ir: ProxyIr): void {
    if (this.#ir === ir) return;
    this.#ir = ir;
    const wanted = this.#options.modules.get(ir.policyModule.digest);
    if (wanted === undefined) {
      this.#options.log.warn(
        { digest: ir.policyModule.digest },
        'policy module cannot be had: routes with a policy answer 500 until it can, unless an earlier one serves',
      );
    }
    this.#store.want(wanted === undefined ? [] : [wanted]);
    this.#publish();
    this.#started ??= this.#start();
  }

  /** Ends the proxy: its processes, its socket. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const started = await this.#started;
    await started?.processes.stop();
    await started?.stopServing();
  }

  async #start(): Promise<{ readonly processes: ProxyProcesses; readonly stopServing: () => Promise<void> }> {
    const { key, paths, programs, clock, log } = this.#options;
    const stopServing = await serveProxy({
      socket: paths.xdsSocket,
      publication: this.#publication,
      modules: this.#store,
      clock,
      log,
    });
    return { stopServing, processes: await startProxyProcesses(key, paths, programs, log) };
  }

  #publish(): void {
    if (this.#ir === undefined) return;
    const { digest } = this.#ir.policyModule;
    const path = this.#store.path(digest);
    if (path !== undefined) this.#policyModule = { digest, path };
    this.#publication.publish(lower(this.#ir, this.#policyModule));
  }

  async #becomeReady(): Promise<void> {
    const ir = this.#ir;
    if (this.#ready || ir === undefined) return;
    const { digest } = ir.policyModule;
    // A module that can be had is on its way; its arrival leads here again.
    if (this.#options.modules.has(digest) && this.#policyModule?.digest !== digest) return;
    const { paths, log } = this.#options;
    if (!(await untilListening(paths.adminAddress, ir.listeners.length, this.#stopping.signal))) return;
    if (!this.#ready) log.info('the proxy serves its first configuration');
    this.#ready = true;
  }

  #rejected({ type, names, message }: Rejection): void {
    this.#options.log.error({ type, names, reason: message }, 'the proxy rejected a configuration');
  }
}
