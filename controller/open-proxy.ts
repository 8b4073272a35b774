import type { Logger } from 'pino';
import type { ProxyPaths } from './infra/local/bootstrap.ts';
import { type Programs, type ProxyProcesses, startProxyProcesses } from './infra/local/proxy-processes.ts';
import { bindProxySocket, type ProxySocket } from './server/proxy-socket.ts';

/** A proxy before it is served: its socket and its processes, which wait for a configuration. */
export interface OpenProxy {
  readonly socket: ProxySocket;
  readonly processes: ProxyProcesses;
  /** Ends the processes and removes the socket. */
  close(): Promise<void>;
}

/** Where a proxy is and what it is made of. */
export interface ProxyPlace {
  readonly key: string;
  readonly paths: ProxyPaths;
  readonly programs: Programs;
  readonly log: Logger;
}

/** Binds the socket of a proxy and starts its processes, or takes over those that run. */
export async function openProxy({ key, paths, programs, log }: ProxyPlace): Promise<OpenProxy> {
  const socket = await bindProxySocket(paths.xdsSocket);
  try {
    const processes = await startProxyProcesses(key, paths, programs, log);
    return {
      socket,
      processes,
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
