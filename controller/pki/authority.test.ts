import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isGood, issue, LIFETIME, makeAuthority, renewAt } from './authority.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const PROXY = { kind: 'proxy', key: 'shop/web' } as const;
const SERVER = { kind: 'server', dnsNames: ['envoy-gateway', 'envoy-gateway.system.svc'] } as const;

describe('a certificate', () => {
  it('names the proxy, and nothing else', async () => {
    const authority = await makeAuthority(NOW);
    const { certificate } = await issue(authority, PROXY, NOW);
    const read = new X509Certificate(certificate);
    expect(read.subjectAltName).toBe('URI:spiffe://sluice/proxy/shop/web');
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(read.ca).toBe(false);
    expect(read.verify(new X509Certificate(authority.current.certificate).publicKey)).toBe(true);
  });

  it('is good for its purpose and for two thirds of its time', async () => {
    const authority = await makeAuthority(NOW);
    const pair = await issue(authority, PROXY, NOW);
    const late = renewAt(pair.certificate);
    expect(late).toBeGreaterThan(NOW + LIFETIME.leaf / 2);
    expect(isGood(pair, authority.trusted, PROXY, NOW)).toBe(true);
    expect(isGood(pair, authority.trusted, PROXY, late)).toBe(false);
    expect(isGood(pair, authority.trusted, { kind: 'proxy', key: 'shop/we' }, NOW)).toBe(false);
    expect(isGood(pair, authority.trusted, SERVER, NOW)).toBe(false);
    const server = await issue(authority, SERVER, NOW);
    expect(isGood(server, authority.trusted, SERVER, NOW)).toBe(true);
    expect(isGood({ ...server, key: pair.key }, authority.trusted, SERVER, NOW)).toBe(false);
    expect(isGood({ certificate: 'no', key: 'no' }, authority.trusted, SERVER, NOW)).toBe(false);
  });

  it('of an earlier authority is trusted still, and is to be replaced', async () => {
    const before = await makeAuthority(NOW);
    const pair = await issue(before, PROXY, NOW);
    const after = await makeAuthority(NOW, before);
    expect(after.trusted.startsWith(after.current.certificate)).toBe(true);
    expect(after.trusted).toContain(before.current.certificate);
    expect(isGood(pair, after.trusted, PROXY, NOW)).toBe(false);
    const much = await makeAuthority(NOW + LIFETIME.authority + 1, after);
    expect(much.trusted).toBe(much.current.certificate);
  });
});
