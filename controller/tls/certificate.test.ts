import { describe, expect, it } from 'vitest';
import type { Secret } from '#controller/api/gen/types.d.ts';
import { authority, EXPIRED, issue } from '#test/tls/authority.ts';
import { certificateIn } from './certificate.ts';

const ca = authority('ours');
const pair = issue('shop', { dns: ['shop.example'] }, ca);
const other = issue('other', {}, ca);

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
    expect(certificateIn(secret(certificate, pair.key)).ok).toBe(true);
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
    expect(certificateIn(secret(certificate, key))).toMatchObject({
      refusal: { message: expect.stringContaining(message) },
    });
  });

  it('tells nothing of the key', () => {
    expect(JSON.stringify(certificateIn(secret(pair.certificate, other.key)))).not.toContain('PRIVATE');
  });

  it('refuses another type of Secret', () => {
    expect(certificateIn(secret(pair.certificate, pair.key, 'Opaque')).ok).toBe(false);
  });
});
