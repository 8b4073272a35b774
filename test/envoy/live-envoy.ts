import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { untilListening } from '#controller/infra/local/envoy-admin.ts';
import { bootstrap } from '#controller/infra/local/bootstrap.ts';
import { systemClock } from '#controller/runtime/clock.ts';
import { Publication } from '#controller/server/ads/publication.ts';
import type { Rejection } from '#controller/server/ads/rejection.ts';
import { ModuleStore } from '#controller/server/agent/module-store.ts';
import { SidecarStates } from '#controller/server/agent/sidecar-states.ts';
import { serveProxy } from '#controller/server/proxy-server.ts';
import { bindProxySocket } from '#controller/infra/local/proxy-socket.ts';
import { pathsIn } from '#controller/infra/local/state-folder.ts';
import type { ProxySocket } from '#controller/infra/infra.ts';
import type { XdsSnapshot } from '#controller/xds/snapshot.ts';
import { ensureEnvoy } from '#deploy/setup/envoy.ts';

/** A real Envoy that takes its configuration from a publication of its own. */
export interface LiveEnvoy {
  /** Publishes a snapshot; resolves with what Envoy rejected of it, once it has taken all the rest. */
  publish(snapshot: XdsSnapshot): Promise<readonly Rejection[]>;
  /** Asks Envoy's admin interface. */
  admin(path: string): Promise<string>;
  readonly process: ChildProcess;
  /** Where it expects the sidecar to listen. */
  readonly sidecarSocket: string;
  stop(): Promise<void>;
}

/** Starts an Envoy, whose connections come `through` something where that is given. */
export async function startLiveEnvoy(
  through: (socket: ProxySocket) => ProxySocket = (socket) => socket,
): Promise<LiveEnvoy> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  const paths = pathsIn(folder);
  const rejections: Rejection[] = [];
  let settled: () => void = () => undefined;
  let uncounted = 0;
  const publication = new Publication({
    rejected: (news) => {
      rejections.push(...news);
    },
    settled: () => settled(),
  });
  const socket = through(await bindProxySocket(paths.xdsSocket));
  const stopServing = serveProxy({
    socket,
    publication,
    modules: new ModuleStore({ load: async () => undefined, onReady: () => undefined, clock: systemClock }),
    states: new SidecarStates(),
    unknownKey: () => undefined,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  await writeFile(paths.bootstrap, JSON.stringify(bootstrap('test/test', paths)));
  const binary = await ensureEnvoy(process.env, () => undefined);
  const child = spawn(
    binary,
    [
      '--config-path',
      paths.bootstrap,
      '--admin-address-path',
      paths.adminAddress,
      '--disable-hot-restart',
      '--concurrency',
      '1',
    ],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  return {
    process: child,
    sidecarSocket: paths.sidecarSocket,
    publish: async (snapshot) => {
      rejections.length = 0;
      const done = new Promise<void>((resolve) => (settled = resolve));
      publication.publish(snapshot);
      await done;
      const listeners = snapshot.listener.size;
      if (rejections.length === 0) {
        await untilListening(paths.adminAddress, listeners, AbortSignal.timeout(60_000));
        uncounted = await untilWithWorkers(paths.adminAddress, uncounted);
      }
      return [...rejections];
    },
    admin: async (path) => (await fetch(`http://${await fileOf(paths.adminAddress)}${path}`)).text(),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await gone;
      }
      stopServing();
      await socket.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** How long a change of a listener may take to be with the workers: one that came while it warmed is never counted. Milliseconds. */
const PATIENCE = 4_000;

/**
 * Waits until workers have every listener as it was changed last: what they have taken, one by one, is counted, and so is what
 * was to be taken. Resolves with how many changes will never be counted; `uncounted` is how many of them there were before.
 */
async function untilWithWorkers(adminAddress: string, uncounted: number): Promise<number> {
  const deadline = Date.now() + PATIENCE;
  const address = await fileOf(adminAddress);
  for (;;) {
    const stats = await (await fetch(`http://${address}/stats?filter=listener_manager.listener_`)).text();
    const count = (name: string): number => Number(new RegExp(`listener_${name}: (\\d+)`, 'u').exec(stats)?.[1] ?? 0);
    const missing = count('added') + count('modified') - count('create_success');
    if (missing <= uncounted) return uncounted;
    if (Date.now() > deadline) return missing;
    await sleep(5);
  }
}

async function fileOf(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return text;
    await sleep(20);
  }
}
