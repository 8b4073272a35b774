import { describe, expect, it } from 'vitest';
import { captureLog } from '#extproc/testing/log-capture.ts';
import { selfSigned } from '#test/seeds/self-signed.ts';
import { certificateSecret, secret, secretsWith } from './testing/secrets.ts';
import { countingBy, type SecretReading } from './counting.ts';
import { CountingPlace } from './counting-place.ts';
import type { RedisSettings } from './redis-settings.ts';

const PAIR = selfSigned('redis-client');
const OTHER = selfSigned('other');
const BY_REF: RedisSettings = { address: { kind: 'secret', name: 'address', key: 'url' }, tls: undefined };
const MUTUAL: RedisSettings = {
  address: { kind: 'url', url: 'rediss://redis:6379' },
  tls: { certificate: { namespace: undefined, name: 'client' } },
};

describe('where global rate limits are counted', () => {
  it('is in memory where no Redis is configured', () => {
    expect(countingBy(undefined, secretsWith({}))).toEqual({ kind: 'memory' });
  });

  it('is at the address in a Secret, by TLS where that is configured, whatever the address says', () => {
    const secrets = secretsWith({ address: secret('address', { url: 'redis://:word@redis:1\n' }) });
    expect(countingBy(BY_REF, secrets)).toMatchObject({ kind: 'redis', url: 'redis://:word@redis:1' });
    const tls = { certificate: undefined };
    expect(countingBy({ ...BY_REF, tls }, secrets)).toMatchObject({ kind: 'redis', url: 'rediss://:word@redis:1' });
  });

  it('is shown the certificate of a Secret, and its authority is trusted too', () => {
    const found = countingBy(MUTUAL, secretsWith({ client: certificateSecret('client', PAIR) }));
    const certificate = { chain: PAIR['tls.crt'], key: PAIR['tls.key'] };
    expect(found).toEqual({ kind: 'redis', url: 'rediss://redis:6379', certificate, authorities: undefined });
    const trusted = certificateSecret('client', { ...PAIR, 'ca.crt': OTHER['tls.crt'] });
    expect(countingBy(MUTUAL, secretsWith({ client: trusted }))).toMatchObject({
      certificate,
      authorities: OTHER['tls.crt'].trim(),
    });
  });

  it('is not known while a Secret has not been read', () => {
    expect(countingBy(BY_REF, secretsWith({ address: undefined }))).toBeUndefined();
    expect(countingBy(MUTUAL, secretsWith({ client: undefined }))).toBeUndefined();
  });

  const absent: SecretReading = { kind: 'unusable', message: 'Secret system/x is not there' };
  it.each<readonly [string, RedisSettings, { readonly [name: string]: SecretReading }, string]>([
    ['there is no Secret', BY_REF, { address: absent }, 'urlRef: Secret system/x is not there'],
    ['it has no such key', BY_REF, { address: secret('address', { other: 'hidden' }) }, 'address: url: found none'],
    ['its key is empty', BY_REF, { address: secret('address', { url: '' }) }, 'address: url: accepted is'],
    ['it has no address', BY_REF, { address: secret('address', { url: 'hidden' }) }, 'address: url: accepted is'],
    ['it has several', BY_REF, { address: secret('address', { url: 'hidden:1,b:2' }) }, 'found several addresses'],
    ['there is no certificate', MUTUAL, { client: absent }, 'certificateRef: Secret system/x is not there'],
    ['its type is another', MUTUAL, { client: secret('client', { ...PAIR }) }, 'accepted is kubernetes.io/tls'],
    [
      'its key is of another',
      MUTUAL,
      { client: certificateSecret('client', { ...PAIR, 'tls.key': OTHER['tls.key'] }) },
      'tls.key is not the key of tls.crt',
    ],
    [
      'its authority is none',
      MUTUAL,
      { client: certificateSecret('client', { ...PAIR, 'ca.crt': 'hidden' }) },
      'ca.crt has no certificates in PEM',
    ],
    [
      'it is in another namespace',
      { ...MUTUAL, tls: { certificate: { namespace: 'shop', name: 'client' } } },
      { client: certificateSecret('client', PAIR) },
      'found namespace shop, accepted is that of the controller, system',
    ],
  ])('is nowhere where %s', (_, settings, secrets, impediment) => {
    const found = countingBy(settings, secretsWith(secrets));
    expect(found).toEqual({ kind: 'nowhere', impediment: expect.stringContaining(impediment) });
    expect(JSON.stringify(found)).not.toMatch(/hidden|PRIVATE/u);
  });

  it('is told when it becomes another, once, and stays what it was while a Secret is not known', () => {
    const { log, lines } = captureLog();
    const place = new CountingPlace(BY_REF, log);
    expect(place.current).toBeUndefined();
    place.look(secretsWith({ address: absent }));
    place.look(secretsWith({ address: absent }));
    expect(lines.filter((line) => line.includes('cannot be counted'))).toHaveLength(1);
    place.look(secretsWith({ address: secret('address', { url: ':hidden@redis:1' }) }));
    place.look(secretsWith({ address: secret('address', { url: 'redis://:hidden@redis:1' }) }));
    place.look(secretsWith({ address: undefined }));
    expect(place.current).toMatchObject({ kind: 'redis' });
    expect(lines.join('\n')).toContain('to be counted in Redis');
    expect(lines.join('\n')).not.toContain('hidden');
  });
});
