import { until } from '../cluster/gateway-site.ts';
import { COPIES } from './cluster-manifests.ts';
import type { ClusterWorld } from './cluster-world.ts';
import { file } from './manifests.ts';

/** A label that pods have in a round, and the Service that selects it. */
const NAME = 'followed';

/**
 * Waits until the cluster's controller manager writes EndpointSlices again as pods change, and sees what it has written. After the
 * API server was away its reflectors wait for up to half a minute, and a Service for which it finds its own cache old it leaves
 * for twice as long each time; pods that are replaced meanwhile are listed as ready when they are long gone, to which no gateway can
 * know better.
 */
export async function untilEndpointsFollow({ site }: Pick<ClusterWorld, 'site'>, round: number): Promise<void> {
  const { cluster, app } = site;
  const label = (value: string): Promise<string> =>
    cluster.kubectl('label', 'pods', '-n', app, '-l', 'letter=a', '--overwrite', `${NAME}=${value}`);
  const listed = async (): Promise<number> => {
    const of = ['-l', `kubernetes.io/service-name=${NAME}`, '-o', 'jsonpath={.items[*].endpoints[*].addresses[0]}'];
    return (await site.get('endpointslices', ...of)).split(' ').filter((address) => address !== '').length;
  };
  const now = `round-${round}`;
  const spec = { selector: { [NAME]: now }, ports: [{ port: 80 }] };
  await cluster.apply(file([{ apiVersion: 'v1', kind: 'Service', metadata: { name: NAME, namespace: app }, spec }]));
  await label(now);
  await until('endpoints that came are listed', async () => (await listed()) === COPIES);
  await label('none');
  await until('endpoints that went are not listed', async () => (await listed()) === 0);
}
