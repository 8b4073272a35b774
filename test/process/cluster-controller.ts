/** A real `sluice run` on a cluster, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import { freePort } from './free-port.ts';

/** Where a replica runs and what it is told. */
export interface ControllerOptions {
  /** For all of its files; it exists. */
  readonly folder: string;
  readonly kubeconfig: string;
  readonly controllerName: string;
  /** The controller's own. */
  readonly namespace: string;
  /** Fields of EnvoyGateway beside `gateway` and `provider`. */
  readonly rest?: object;
}

/** So short that a test need not wait long for the next leader, and so long that a machine that stands still has the same. */
const PACE = { leaseDuration: '8s', renewDeadline: '6s', retryPeriod: '200ms' };

/** Writes the configuration of replicas; one that runs takes it over. */
export function writeConfiguration({
  folder,
  controllerName,
  rest = {},
}: Omit<ControllerOptions, 'kubeconfig' | 'namespace'>): string {
  const file = join(folder, 'config.yaml');
  const document = {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyGateway',
    gateway: { controllerName },
    provider: { type: 'Kubernetes', kubernetes: { leaderElection: PACE } },
    ...rest,
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
}

/** One replica. */
export class ControllerProcess {
  readonly child: ChildProcess;
  readonly #health: string;
  #log = '';

  private constructor(child: ChildProcess, health: string) {
    this.child = child;
    this.#health = health;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
  }

  /** Starts one; it is ready when `ready` says so. */
  static async start(options: ControllerOptions): Promise<ControllerProcess> {
    const [admin, health, metrics, xds] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const state = join(options.folder, `state-${health}`);
    mkdirSync(state);
    const flags = ['--config', writeConfiguration(options), '--state-dir', state];
    const addresses = [
      '--admin',
      `127.0.0.1:${admin}`,
      '--health',
      `127.0.0.1:${health}`,
      '--metrics',
      `127.0.0.1:${metrics}`,
      '--xds',
      `127.0.0.1:${xds}`,
    ];
    const child = spawn(process.execPath, [join(ROOT, 'controller/cli/sluice.mjs'), 'run', ...flags, ...addresses], {
      cwd: options.folder,
      env: { ...process.env, KUBECONFIG: options.kubeconfig, ENVOY_GATEWAY_NAMESPACE: options.namespace },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return new ControllerProcess(child, `http://127.0.0.1:${health}`);
  }

  get log(): string {
    return this.#log;
  }

  /** The status of `/readyz`, 0 while nobody answers. */
  async ready(): Promise<number> {
    const response = await fetch(`${this.#health}/readyz`).catch(() => undefined);
    await response?.text();
    return response?.status ?? 0;
  }

  /** Resident memory in bytes, of the process that does the work: the command may have handed over to another. */
  memory(): number {
    const pid = this.child.pid ?? 0;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter((id) => id !== '');
    return Math.max(...[String(pid), ...children].map(residentOf));
  }

  /** Ends it, and resolves with its exit code. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const closed = once(this.child, 'close');
      this.child.kill(signal);
      await closed;
    }
    return this.child.exitCode;
  }
}

function residentOf(pid: string): number {
  const [, kilobytes = '0'] = /VmRSS:\s+(\d+) kB/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}
