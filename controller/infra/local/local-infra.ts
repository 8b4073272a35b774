import type { Logger } from 'pino';
import type { Infra, OpenProxy } from '../infra.ts';
import { untilListening } from './envoy-admin.ts';
import { endOrphans, isRecorded } from './orphans.ts';
import { type Programs, startProxyProcesses } from './proxy-processes.ts';
import { bindProxySocket } from './proxy-socket.ts';
import { proxyPaths } from './state-folder.ts';

/** Where proxies are on this machine, and what they are made of. */
export interface LocalInfraOptions {
  readonly stateFolder: string;
  readonly programs: Programs;
  readonly log: Logger;
}

/** Proxies as processes of this machine, which outlive a controller that is killed. */
export function localInfra(options: LocalInfraOptions): Infra {
  const { stateFolder, log } = options;
  /** Who is not concerned while the others are ended. */
  let sweep: { readonly serving: ReadonlySet<string>; readonly over: Promise<void> } | undefined;
  return {
    open: async (key) => {
      // One that comes back must not be started in a folder that is being removed.
      if (sweep?.serving.has(key) === false) await sweep.over.catch(() => undefined);
      return open(key, options);
    },
    isLeft: (key) => isRecorded(proxyPaths(stateFolder, key)),
    endOthers: (serving) => {
      const over = endOrphans(stateFolder, serving, log);
      sweep = { serving, over };
      return over;
    },
  };
}

async function open(key: string, { stateFolder, programs, log }: LocalInfraOptions): Promise<OpenProxy> {
  const paths = proxyPaths(stateFolder, key);
  const socket = await bindProxySocket(paths.xdsSocket);
  try {
    const processes = await startProxyProcesses(key, paths, programs, log.child({ gateway: key }));
    return {
      socket,
      deploy: ({ parameters }) => processes.want(parameters),
      deployed: undefined,
      get envoyPid() {
        return processes.envoyPid;
      },
      get restarts() {
        return processes.restarts;
      },
      untilListening: (listeners, stop) => untilListening(paths.adminAddress, listeners, stop),
      close: async () => {
        await processes.stop();
        await socket.close();
      },
    };
  } catch (error) {
    await socket.close();
    throw error;
  }
}
