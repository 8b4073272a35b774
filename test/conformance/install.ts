import type { Cluster } from '../cluster/cluster.ts';
import { CONTROLLER, installation } from './installation.ts';

/** Installs Sluice on a cluster and waits until its controller is ready; says what it logged where it is not. */
export async function installSluice(cluster: Cluster, say: (line: string) => void): Promise<void> {
  const { namespace, name } = CONTROLLER;
  await cluster.apply(installation());
  try {
    await cluster.kubectl('-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=90s');
  } catch (error) {
    say(await cluster.kubectl('-n', namespace, 'logs', `deployment/${name}`).catch(String));
    throw error;
  }
}
