import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Infra, OpenProxy } from '../infra.ts';

/** A machine on which proxies run only in memory. Held by the contract of an infra. */
export interface FakeMachine {
  /** The infra as a further controller has it. */
  controller(): Infra;
  kill(pid: number): void;
  connect(key: string): void;
  /** Says on how many listeners the Envoy of a proxy accepts connections. */
  listen(key: string, listeners: number): void;
  /** Keys of the proxies that run, in order. */
  running(): readonly string[];
}

interface FakeProxy {
  pid: number;
  listeners: number;
  serve: ((connection: Socket) => void) | undefined;
  readonly waiting: Socket[];
  readonly restarted: (() => void)[];
}

/** Makes a machine on which nothing runs. */
export function fakeMachine(): FakeMachine {
  const proxies = new Map<string, FakeProxy>();
  let pids = 0;
  const start = (): FakeProxy => {
    pids += 1;
    return { pid: pids, listeners: 0, serve: undefined, waiting: [], restarted: [] };
  };
  const open = (key: string): OpenProxy => {
    const proxy = proxies.get(key) ?? start();
    proxies.set(key, proxy);
    // A controller that comes binds the socket anew.
    proxy.serve = undefined;
    let envoy = 0;
    proxy.restarted.push(() => (envoy += 1));
    return {
      socket: {
        take: (serve) => {
          proxy.serve = serve;
          for (const connection of proxy.waiting.splice(0)) serve(connection);
        },
        close: () => Promise.resolve(),
      },
      deploy: () => undefined,
      deployed: undefined,
      get envoyPid() {
        return proxies.get(key) === proxy ? proxy.pid : undefined;
      },
      get restarts() {
        return { envoy, sidecar: 0 };
      },
      untilListening: async (listeners, stop) => {
        while (!stop.aborted && proxy.listeners !== listeners) await sleep(1);
        return !stop.aborted;
      },
      close: () => {
        if (proxies.get(key) === proxy) proxies.delete(key);
        return Promise.resolve();
      },
    };
  };
  return {
    controller: () => ({
      open: (key) => Promise.resolve(open(key)),
      isLeft: (key) => proxies.has(key),
      endOthers: (serving) => {
        for (const key of proxies.keys()) if (!serving.has(key)) proxies.delete(key);
        return Promise.resolve();
      },
    }),
    kill: (pid) => {
      for (const proxy of proxies.values()) {
        if (proxy.pid !== pid) continue;
        proxy.pid = pids += 1;
        for (const tell of proxy.restarted) tell();
      }
    },
    connect: (key) => {
      const proxy = proxies.get(key);
      const connection = new Socket();
      if (proxy?.serve === undefined) proxy?.waiting.push(connection);
      else proxy.serve(connection);
    },
    listen: (key, listeners) => {
      const proxy = proxies.get(key);
      if (proxy !== undefined) proxy.listeners = listeners;
    },
    running: () => [...proxies.keys()].toSorted(),
  };
}
