import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Algorithm, issuer } from '#wasm-filters/testing/issuer.ts';
import { parseJwks } from './jwks.ts';

const rsa = issuer('RS256', 'r').jwk;
const ec = issuer('ES256', 'e').jwk;
const setOf = (...keys: readonly unknown[]): string => JSON.stringify({ keys });

/** "kid algorithm" of each key, or why the set is refused. */
function read(text: string): readonly string[] | string {
  const keys = parseJwks(text);
  return keys.ok ? keys.value.map(({ kid, algorithm }) => `${kid ?? ''} ${algorithm}`) : keys.refusal.message;
}

describe('a key set', () => {
  it.each([
    'RS256',
    'RS384',
    'RS512',
    'ES256',
    'ES384',
    'ES512',
    'PS256',
    'PS384',
    'PS512',
    'EdDSA',
  ] as const satisfies readonly Algorithm[])('may have keys for %s', (algorithm) => {
    expect(read(setOf(issuer(algorithm, 'k').jwk))).toEqual([`k ${algorithm}`]);
  });

  it('may have keys that name no algorithm, which are for all of their kind', () => {
    expect(read(setOf({ ...rsa, alg: undefined }))).toEqual([
      'r RS256',
      'r RS384',
      'r RS512',
      'r PS256',
      'r PS384',
      'r PS512',
    ]);
    expect(read(setOf({ ...ec, alg: undefined, kid: undefined }))).toEqual([' ES256']);
  });

  it.each([
    ['for encryption', { ...rsa, use: 'enc' }],
    ['whose use is none', { ...rsa, use: 1 }],
    ['whose operations do not have verify', { ...rsa, key_ops: ['sign', 'wrapKey'] }],
    ['whose operations are no list', { ...rsa, key_ops: 'verify' }],
    ['that are symmetric', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }],
  ])('leaves out keys %s', (_, key) => {
    expect(read(setOf(key, ec))).toEqual(['e ES256']);
    expect(read(setOf(key))).toBe('has no key that verifies signatures');
  });

  it('takes a key that has verify among its operations', () => {
    expect(read(setOf({ ...ec, use: undefined, key_ops: ['verify'] }))).toEqual(['e ES256']);
  });

  it.each([
    [
      'an algorithm that does not exist',
      { ...ec, alg: 'ES521' },
      'keys[0].alg: found ES521, accepted for this key are ES256',
    ],
    ['an algorithm of another kind of key', { ...ec, alg: 'RS256' }, 'accepted for this key are ES256'],
    ['an algorithm for secrets', { ...rsa, alg: 'HS256' }, 'found HS256'],
    ['no algorithm at all', { ...rsa, alg: 'none' }, 'found none'],
    ['another curve', { ...ec, crv: 'secp256k1' }, 'found kty EC crv secp256k1'],
    ['another curve of Edwards', { ...generateKeyPairSync('ed448').publicKey.export({ format: 'jwk' }) }, 'crv Ed448'],
    ['another kind', { kty: 'AKP' }, 'found kty AKP'],
    ['a point that is not on its curve', { ...ec, x: 'AAAA' }, 'keys[0] is not a valid key'],
    ['a kid that is no text', { ...ec, kid: 7 }, 'keys[0].kid is not text'],
    ['what is no key', 'key', 'keys[0] is not an object'],
  ])('with a key of %s is taken without it, and refused when there is no other', (_, key, words) => {
    expect(read(setOf(key, ec))).toEqual(['e ES256']);
    expect(read(setOf(key))).toContain(words);
  });

  it.each([
    ['', 'is not JSON'],
    ['{"keys": [', 'is not JSON'],
    ['[]', 'has no array "keys"'],
    ['{"keys": {}}', 'has no array "keys"'],
    ['{"keys": []}', 'has no key that verifies signatures'],
  ])('that is %j is refused', (text, words) => {
    expect(read(text)).toBe(words);
  });
});
