import { describe, expect, it } from 'vitest';
import { StatusBook } from './kubernetes/status/status-book.ts';
import { rejectionTeller } from './rejection-events.ts';

describe('what a proxy rejects, told by a replica that writes no statuses', () => {
  it('is told of its Gateway, once as long as it is so', () => {
    const book = new StatusBook(() => undefined);
    const metadata = { name: 'shop', namespace: 'default', uid: 'u', resourceVersion: '1' };
    book.take({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata }, true);
    const told: string[] = [];
    const tell = rejectionTeller(book, ({ namespace, name, uid }, reason, message) =>
      told.push(`${namespace}/${name} ${uid} ${reason} ${message}`),
    );
    const rejected = [{ type: 'secret', name: 'default/cert', message: 'small', policies: [] }];
    const proxies = [
      { key: 'default/shop', rejected },
      { key: 'merged', rejected },
    ];
    tell(proxies);
    tell(proxies);
    expect(told).toEqual(['default/shop u Rejected The proxy rejected secret default/cert: small']);
    tell([]);
    tell(proxies);
    expect(told).toHaveLength(2);
  });
});
