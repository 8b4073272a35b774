import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { readRecord } from '#controller/infra/local/process-record.ts';

/** The proxy of the Gateway default/bench of a run, as seen from outside. */
export interface ObservedProxy {
  readonly pid: number;
  readonly sidecarPid: number;
  /** Bytes that came from the xDS server. */
  received(): Promise<number>;
  /** Listeners that were changed, which closes their connections by and by. */
  listenersModified(): Promise<number>;
  /** What filters have asked the sidecar, and what was sent to it by ext_proc. */
  sidecarCalls(): Promise<number>;
}

/** Finds the proxy of a run by its state folder. */
export async function observedProxy(stateFolder: string): Promise<ObservedProxy> {
  const { folder, adminAddress } = proxyPaths(stateFolder, 'default/bench');
  const pidOf = async (program: string): Promise<number> => {
    const record = await readRecord(join(folder, `${program}.process`));
    if (record === undefined) throw new Error(`the ${program} of the proxy does not run`);
    return record.pid;
  };
  const counter = async (name: string): Promise<number> => {
    const address = readFileSync(adminAddress, 'utf8');
    const text = await (await fetch(`http://${address}/stats?filter=^${name}$`)).text();
    const value = Number(text.split(': ')[1]);
    if (!Number.isFinite(value)) throw new Error(`Envoy has no counter ${name}: ${text}`);
    return value;
  };
  return {
    pid: await pidOf('envoy'),
    sidecarPid: await pidOf('sidecar'),
    received: () => counter('cluster.xds_cluster.upstream_cx_rx_bytes_total'),
    listenersModified: () => counter('listener_manager.listener_modified'),
    sidecarCalls: () => counter('cluster.sluice.sidecar.upstream_rq_total'),
  };
}
