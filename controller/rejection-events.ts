import type { EventSubject } from './kubernetes/status/event-recorder.ts';
import { statusKey, type StatusBook } from './kubernetes/status/status-book.ts';
import type { ProxyReport } from './running-proxy.ts';

const GATEWAY = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway' } as const;

/**
 * Tells, once each, what proxies reject. It is known to the replica that serves a proxy, and statuses are another's to write:
 * an Event of the Gateway is what every replica may say.
 */
export function rejectionTeller(
  book: Pick<StatusBook, 'get'>,
  tell: (subject: EventSubject, reason: string, message: string) => void,
): (proxies: readonly Pick<ProxyReport, 'key' | 'rejected'>[]) => void {
  let known: ReadonlySet<string> = new Set();
  return (proxies) => {
    const now = new Set<string>();
    for (const { key, rejected } of proxies) {
      const [namespace = '', name = ''] = key.split('/');
      const uid = book.get(statusKey(GATEWAY.apiVersion, GATEWAY.kind, { namespace, name }))?.uid;
      // Merged Gateways have none by the name of their proxy.
      if (uid === undefined) continue;
      for (const { type, name: resource, message } of rejected) {
        const words = `The proxy rejected ${type} ${resource}: ${message}`;
        now.add(`${key} ${words}`);
        if (!known.has(`${key} ${words}`)) tell({ ...GATEWAY, namespace, name, uid }, 'Rejected', words);
      }
    }
    known = now;
  };
}
