/** A real `sluice run` in a process of its own, with a state folder and manifests of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRecord, type ProcessRecord, runs } from '#controller/infra/local/process-record.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { freePort } from './free-port.ts';

export { freePort };

const MAIN = join(ROOT, 'controller', 'cli', 'sluice.mjs');

/** How a command ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of `sluice` to its end. */
export async function sluice(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout: stdout(), stderr: stderr() };
}

/** How a controller is started. */
export interface StartOptions {
  /** Whether to wait until it is ready; yes where absent. */
  readonly ready?: boolean;
  /** Further arguments. */
  readonly more?: readonly string[];
  /** The most that it may take to be ready: milliseconds. */
  readonly within?: number;
}

/** A place for one or several runs after each other. */
export class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'sl-'));
  readonly manifests = join(this.folder, 'm');
  readonly state = join(this.folder, 's');
  readonly adminPort: number;
  readonly #config = join(this.folder, 'config.yaml');
  #child: ChildProcess | undefined;
  #log: () => string = () => '';

  private constructor(adminPort: number) {
    this.adminPort = adminPort;
    mkdirSync(this.manifests);
  }

  /** Makes a site with manifests, by file name. */
  static async make(files: { readonly [name: string]: string }): Promise<Site> {
    const site = new Site(await freePort());
    for (const [name, text] of Object.entries(files)) site.write(name, text);
    return site;
  }

  get admin(): string {
    return `127.0.0.1:${this.adminPort}`;
  }

  /** Puts a manifest in place, at once. */
  write(name: string, text: string): void {
    const temporary = join(this.folder, `${name}.new`);
    writeFileSync(temporary, text);
    renameSync(temporary, join(this.manifests, name));
  }

  remove(name: string): void {
    rmSync(join(this.manifests, name));
  }

  /** Gives the next start a configuration file, of these fields, and files beside it. */
  configure(fields: object, files: { readonly [name: string]: string } = {}): void {
    const head = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyGateway' };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
    writeFileSync(this.#config, JSON.stringify({ ...head, ...fields }));
  }

  /** The words after `sluice` that run this site. */
  get runArguments(): readonly string[] {
    const config = existsSync(this.#config) ? ['--config', this.#config] : [];
    return ['run', this.manifests, '--state-dir', this.state, '--admin', this.admin, '--log-level', 'debug', ...config];
  }

  /** Starts the controller; with `ready` resolves when it is. */
  async start({ ready = true, more = [], within = PATIENCE }: StartOptions = {}): Promise<void> {
    const child = spawn(process.execPath, [MAIN, ...this.runArguments, ...more], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    this.#log = collect(child.stderr);
    if (!ready) return;
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`sluice run ended: ${this.#log()}`);
      return (await this.ask('/readyz'))?.startsWith('ok') === true;
    };
    await until('ready', isReady, within);
  }

  /** What the controller of the last start has logged. */
  log(): readonly { readonly [field: string]: unknown }[] {
    return this.#log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): { readonly [field: string]: unknown } => ({ ...JSON.parse(line) }));
  }

  /** Asks the admin endpoint; `undefined` when nothing answers. */
  async ask(path: string): Promise<string | undefined> {
    return fetch(`http://${this.admin}${path}`)
      .then((response) => response.text())
      .catch(() => undefined);
  }

  /** The conditions of a listener: "Accepted=True (Accepted): message". */
  async listener(gateway: string, listener: string): Promise<string> {
    const { stdout } = await sluice(['status', 'gateway', gateway, '-o', 'json', '--admin', this.admin]);
    const list: { readonly items?: readonly ShownGateway[] } = stdout === '' ? {} : JSON.parse(stdout);
    const found = list.items?.[0]?.status.listeners.find(({ name }) => name === listener);
    return (found?.conditions ?? [])
      .map(({ type, status, reason, message }) => `${type}=${status} (${reason}): ${message}`)
      .join('\n');
  }

  /** The process of the controller of the last start; 0 before the first. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Sends a signal to the controller. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Resolves with the exit code of the controller once it is gone. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return child.exitCode;
  }

  /** The processes that are on record and run, of every proxy: "envoy" or "sidecar". */
  records(name: 'envoy' | 'sidecar'): readonly ProcessRecord[] {
    return this.#recorded(`proxies/*/${name}.process`);
  }

  #recorded(files: string): readonly ProcessRecord[] {
    return globSync(files, { cwd: this.state }).flatMap((name) => {
      const file = join(this.state, name);
      const record = existsSync(file) ? parseRecord(readFileSync(file, 'utf8')) : undefined;
      return record !== undefined && runs(record) ? [record] : [];
    });
  }

  /** Ends everything, be it the Envoy whose place another takes or users' processors, and removes the folder. */
  async destroy(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
    // A program begins only once it is on record: there is no other.
    const left = this.#recorded('**/*.process');
    for (const record of left) {
      try {
        process.kill(record.pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    await until('what it started has ended', () => !left.some(runs));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

interface ShownGateway {
  readonly status: {
    readonly listeners: readonly {
      readonly name: string;
      readonly conditions: readonly {
        readonly type: string;
        readonly status: string;
        readonly reason: string;
        readonly message: string;
      }[];
    }[];
  };
}

/** The most that something is waited for, unless more is asked for: whatever takes longer hangs. Milliseconds. */
const PATIENCE = 60_000;

/** Waits until something is so; gives up after a minute, or `within` milliseconds, and says what was waited for. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  within: number = PATIENCE,
): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(20);
  }
}

/** The status of an answer, or the reason that there is none. */
export async function get(port: number, path: string): Promise<number | string> {
  return fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(20_000) })
    .then(async (response) => {
      await response.arrayBuffer();
      return response.status;
    })
    .catch(reasonOf);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : 'failed';
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
