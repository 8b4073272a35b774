import { describe, expect, it } from 'vitest';
import { StatusBook } from './kubernetes/status/status-book.ts';
import { rejectionTeller } from './rejection-events.ts';
import type { Rejection } from './status/rejections.ts';

describe('what a proxy rejects, told by a replica that writes no statuses', () => {
  it('is told of each object that it concerns, once as long as it is so', () => {
    const book = new StatusBook(() => undefined);
    const metadata = { name: 'shop', namespace: 'default', uid: 'u', resourceVersion: '1' };
    book.take({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata }, true);
    const told: string[] = [];
    const tell = rejectionTeller(book, ({ kind, namespace, name, uid }, reason, message) =>
      told.push(`${kind} ${namespace}/${name} ${uid} ${reason} ${message}`),
    );
    const rejection = (name: string): Rejection => ({
      object: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'Gateway',
        metadata: { name, namespace: 'default', generation: 1 },
      },
      message: 'the proxy rejected secret default/cert: small',
    });
    const rejections = [rejection('shop'), rejection('gone')];
    tell(rejections);
    tell(rejections);
    expect(told).toEqual(['Gateway default/shop u Rejected the proxy rejected secret default/cert: small']);
    tell([]);
    tell(rejections);
    expect(told).toHaveLength(2);
  });
});
