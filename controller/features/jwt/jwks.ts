import { createPublicKey, type KeyObject } from 'node:crypto';
import { isObject } from '#controller/api/compile.ts';
import type { JwtAlgorithm, JwtKeyIr } from '../../ir/jwt.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

const RSA_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
] as const satisfies readonly JwtAlgorithm[];
const EC_ALGORITHM = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' } as const satisfies {
  readonly [curve: string]: JwtAlgorithm;
};

/**
 * Reads a JSON Web Key Set (RFC 7517). Keys that are not for signatures (`use`, `key_ops`), symmetric keys, and keys of a kind
 * or for an algorithm that is not known here are left out, as section 5 says: no token is verified by them. A set with nothing
 * else is refused, with what is wrong with the first key that is not understood.
 */
export function parseJwks(text: string): Outcome<readonly JwtKeyIr[], 'Invalid'> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusal('Invalid', 'is not JSON');
  }
  if (!isObject(json) || !Array.isArray(json['keys'])) return refusal('Invalid', 'has no array "keys"');
  const read = json['keys'].map((jwk: unknown, index) => parseKey(jwk, `keys[${index}]`));
  const keys = read.flatMap((found) => (found.ok ? found.value : []));
  if (keys.length > 0) return success(keys);
  const wrong = read.find((found) => !found.ok);
  const why = wrong?.ok === false ? `: ${wrong.refusal.message}` : '';
  return refusal('Invalid', `has no key that verifies signatures${why}`);
}

function parseKey(jwk: unknown, path: string): Outcome<readonly JwtKeyIr[], 'Invalid'> {
  if (!isObject(jwk)) return refusal('Invalid', `${path} is not an object`);
  const { kty, use, key_ops: operations, kid, alg } = jwk;
  if (use !== undefined && use !== 'sig') return success([]);
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return success([]);
  if (kty === 'oct') return success([]);
  if (kid !== undefined && typeof kid !== 'string') return refusal('Invalid', `${path}.kid is not text`);
  const possible = possibleAlgorithms(jwk);
  if (possible.length === 0) {
    return refusal(
      'Invalid',
      `${path}: found kty ${String(kty)} crv ${String(jwk['crv'])}, accepted are RSA, EC P-256, P-384, P-521 and OKP Ed25519`,
    );
  }
  const algorithms = alg === undefined ? possible : possible.filter((algorithm) => algorithm === alg);
  if (algorithms.length === 0) {
    return refusal('Invalid', `${path}.alg: found ${String(alg)}, accepted for this key are ${possible.join(', ')}`);
  }
  const key = publicKey(jwk);
  if (key === undefined) return refusal('Invalid', `${path} is not a valid key`);
  const spki = Uint8Array.from(key.export({ type: 'spki', format: 'der' }));
  return success(algorithms.map((algorithm) => ({ kid, algorithm, spki })));
}

function possibleAlgorithms(jwk: { readonly [member: string]: unknown }): readonly JwtAlgorithm[] {
  if (jwk['kty'] === 'RSA') return RSA_ALGORITHMS;
  if (jwk['kty'] === 'OKP') return jwk['crv'] === 'Ed25519' ? ['EdDSA'] : [];
  const found = Object.entries(EC_ALGORITHM).find(([curve]) => jwk['kty'] === 'EC' && jwk['crv'] === curve);
  return found === undefined ? [] : [found[1]];
}

function publicKey(jwk: { readonly [member: string]: unknown }): KeyObject | undefined {
  const { kty, crv, x, y, n, e } = jwk;
  const text = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => typeof value === 'string'),
  );
  try {
    return createPublicKey({ key: text, format: 'jwk' });
  } catch {
    return undefined;
  }
}
