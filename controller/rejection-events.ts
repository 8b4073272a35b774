import { apiGroupVersionOf } from './api/registry.ts';
import type { EventSubject } from './kubernetes/status/event-recorder.ts';
import { statusKey, type StatusBook } from './kubernetes/status/status-book.ts';
import type { Rejection } from './status/rejections.ts';

/**
 * Tells, once each, what proxies reject. It is known to the replica that serves a proxy, and statuses are another's to write:
 * an Event of each object that it concerns is what every replica may say.
 */
export function rejectionTeller(
  book: Pick<StatusBook, 'get'>,
  tell: (subject: EventSubject, reason: string, message: string) => void,
): (rejections: readonly Rejection[]) => void {
  let known: ReadonlySet<string> = new Set();
  return (rejections) => {
    const now = new Set<string>();
    for (const { object, message } of rejections) {
      const { kind, metadata } = object;
      const apiVersion = apiGroupVersionOf(kind);
      const key = statusKey(apiVersion, kind, metadata);
      const uid = book.get(key)?.uid;
      // It has gone in the meantime.
      if (uid === undefined) continue;
      const words = `${key} ${message}`;
      now.add(words);
      const { name } = metadata;
      const namespace = 'namespace' in metadata ? metadata.namespace : undefined;
      if (!known.has(words)) tell({ apiVersion, kind, namespace, name, uid }, 'Rejected', message);
    }
    known = now;
  };
}
