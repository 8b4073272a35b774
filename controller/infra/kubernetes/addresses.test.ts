import { describe, expect, it } from 'vitest';
import { notGiven } from './addresses.ts';

describe('an address that a Gateway asks for', () => {
  const service = (type: string, ...given: readonly string[]): object => ({
    spec: { type, externalIPs: ['192.0.2.1', '192.0.2.2'] },
    status: { loadBalancer: { ingress: given.map((ip) => ({ ip })) } },
  });

  it('is usable once the load balancer says that it gave it', () => {
    expect(notGiven(service('LoadBalancer', '192.0.2.1'), ['192.0.2.1', '192.0.2.2'])).toEqual(['192.0.2.2']);
    expect(notGiven(service('LoadBalancer', '192.0.2.2', '192.0.2.1'), ['192.0.2.1', '192.0.2.2'])).toEqual([]);
    expect(notGiven(service('LoadBalancer', '192.0.2.9'), [])).toEqual([]);
  });

  it('is taken at its word where no load balancer is asked', () => {
    expect(notGiven(service('ClusterIP'), ['192.0.2.1'])).toEqual([]);
    expect(notGiven(service('NodePort'), ['192.0.2.1'])).toEqual([]);
  });
});
