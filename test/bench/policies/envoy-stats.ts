import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { readRecord } from '#controller/infra/local/process-record.ts';

/** The proxy of the Gateway default/bench of a run, as seen from outside. */
export interface ObservedEnvoy {
  readonly pid: number;
  /** Bytes that came from the xDS server. */
  received(): Promise<number>;
  /** Listeners that were changed, which closes their connections by and by. */
  listenersModified(): Promise<number>;
}

/** Finds the Envoy of a run by its state folder. */
export async function observedEnvoy(stateFolder: string): Promise<ObservedEnvoy> {
  const { folder, adminAddress } = proxyPaths(stateFolder, 'default/bench');
  const record = await readRecord(join(folder, 'envoy.process'));
  if (record === undefined) throw new Error('the proxy does not run');
  const counter = async (name: string): Promise<number> => {
    const address = readFileSync(adminAddress, 'utf8');
    const text = await (await fetch(`http://${address}/stats?filter=^${name}$`)).text();
    const value = Number(text.split(': ')[1]);
    if (!Number.isFinite(value)) throw new Error(`Envoy has no counter ${name}: ${text}`);
    return value;
  };
  return {
    pid: record.pid,
    received: () => counter('cluster.sluice.xds.upstream_cx_rx_bytes_total'),
    listenersModified: () => counter('listener_manager.listener_modified'),
  };
}
