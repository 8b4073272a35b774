import { describe, expect, it } from 'vitest';
import type { Secret } from '#controller/api/gen/types.d.ts';
import { authority, EXPIRED, issue } from '#test/tls/authority.ts';
import { certificateIn } from './certificate.ts';
import { changesAt } from './dated.ts';

const ca = authority('ours');
const pair = issue('shop', { dns: ['shop.example'] }, ca);
const other = issue('other', {}, ca);

/** Soon, as clocks go: certificates of tests begin when they are made. */
const NOW = Date.now() + 60_000;

function secret(certificate: string, key: string, type = 'kubernetes.io/tls'): Secret {
  const stringData = { 'tls.crt': certificate, 'tls.key': key };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'a', name: 'b', generation: 1 }, type, stringData };
}

describe('certificateIn', () => {
  it.each([
    ['one certificate', pair.certificate],
    ['a chain', pair.certificate + ca.certificate],
    ['a chain with text between', `of shop\n${pair.certificate}of ours\n${ca.certificate}`],
  ])('takes %s', (_what, certificate) => {
    expect(certificateIn(secret(certificate, pair.key), NOW).ok).toBe(true);
  });

  it.each([
    ['no PEM', 'none', pair.key, 'tls.crt is no PEM certificate'],
    [
      'a broken member of a chain',
      `${pair.certificate}${ca.certificate.slice(0, 200)}\n-----END CERTIFICATE-----`,
      pair.key,
      'tls.crt is no PEM certificate',
    ],
    ['no key', pair.certificate, 'none', 'tls.key is no PEM private key'],
    ['the key of another', pair.certificate, other.key, 'tls.key is not the key of tls.crt'],
    [
      'a chain in the wrong order',
      ca.certificate + pair.certificate,
      pair.key,
      'the certificate of tls.key is not the first of the chain',
    ],
    ['what is over', EXPIRED.certificate, EXPIRED.key, 'a certificate is over since'],
  ])('refuses %s', (_what, certificate, key, message) => {
    expect(certificateIn(secret(certificate, key), NOW)).toMatchObject({
      refusal: { message: expect.stringContaining(message) },
    });
  });

  it('takes a certificate while it is good, not before and not after', () => {
    const dated = secret(EXPIRED.certificate, EXPIRED.key);
    const [from, until] = [Date.parse('2020-01-01T00:00:00Z'), Date.parse('2021-01-01T00:00:00Z')];
    expect(certificateIn(dated, from).ok).toBe(true);
    expect(certificateIn(dated, until).ok).toBe(true);
    expect(certificateIn(dated, from - 1)).toMatchObject({
      refusal: { message: 'Secret a/b: tls.crt: a certificate is not valid before 2020-01-01T00:00:00.000Z' },
    });
    expect(certificateIn(dated, until + 1)).toMatchObject({
      refusal: { message: 'Secret a/b: tls.crt: a certificate is over since 2021-01-01T00:00:00.000Z' },
    });
    expect(changesAt(dated, from - 1)).toBe(from);
    expect(changesAt(dated, from)).toBe(until + 1);
    expect(changesAt(dated, until + 1)).toBe(undefined);
  });

  it('tells nothing of the key', () => {
    expect(JSON.stringify(certificateIn(secret(pair.certificate, other.key), NOW))).not.toContain('PRIVATE');
  });

  it('refuses another type of Secret', () => {
    expect(certificateIn(secret(pair.certificate, pair.key, 'Opaque'), NOW).ok).toBe(false);
  });
});
