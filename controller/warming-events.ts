import type { InfraGatewayIr } from './ir/proxy.ts';
import type { EventSubject } from './kubernetes/status/event-recorder.ts';

/** So many names are in an Event at most. */
const MOST_NAMES = 5;

/**
 * Tells Gateways of clusters that their proxy warms for longer than anything else may wait. It is no condition: it comes and goes by
 * itself, at the latest when Envoy gives a name up (after two minutes where no resolver answers), and thousands of routes may lead to a
 * cluster, whose statuses would be written twice. From files there is nobody to tell.
 */
export function tellWarming(
  clusters: ReadonlySet<string>,
  gateways: readonly InfraGatewayIr[],
  tell: (subject: EventSubject, reason: string, message: string) => void,
): void {
  const names = [...clusters].toSorted();
  const rest = names.length - MOST_NAMES;
  const some = `${names.slice(0, MOST_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  const message = `The proxy waits for clusters to become usable: ${some}; until they are, routes to them stay as they were or answer 500`;
  for (const { namespace, name, uid } of gateways) {
    if (uid === undefined) continue;
    tell({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', namespace, name, uid }, 'Warming', message);
  }
}
