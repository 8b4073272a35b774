import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { enumMembers } from '#proto/load.ts';

const { EDDSA, ...WITH_DIGITS } = enumMembers('sluice.filter.v1.JwtAlgorithm');

/** The algorithms by their names. */
export const ALGORITHM = { ...WITH_DIGITS, EdDSA: EDDSA } as const;

/** The name of an algorithm. */
export type Algorithm = Exclude<keyof typeof ALGORITHM, 'UNSPECIFIED'>;

/** Somebody who issues tokens with one key. */
export interface Issuer {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly spki: Uint8Array<ArrayBuffer>;
  /** The public key as a JSON Web Key (RFC 7517). */
  readonly jwk: object;
  /** A token of these claims; `header` adds to or replaces the header's members. */
  token(claims: object, header?: object): string;
  /** A token of these texts, whatever they are. */
  rawToken(header: string, payload: string): string;
}

const CURVE = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

/** An issuer with a new key. */
export function issuer(algorithm: Algorithm, kid = 'key-1'): Issuer {
  const { privateKey, publicKey } = keyPair(algorithm);
  const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
  const padding = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  const signed = (text: string): Buffer =>
    sign(hash, Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363', ...padding });
  const rawToken = (header: string, payload: string): string => {
    const text = `${encode(header)}.${encode(payload)}`;
    return `${text}.${signed(text).toString('base64url')}`;
  };
  return {
    algorithm,
    kid,
    spki: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' },
    rawToken,
    token: (claims, header = {}) =>
      rawToken(JSON.stringify({ alg: algorithm, kid, ...header }), JSON.stringify(claims)),
  };
}

function keyPair(algorithm: Algorithm): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (algorithm === 'ES256' || algorithm === 'ES384' || algorithm === 'ES512') {
    return generateKeyPairSync('ec', { namedCurve: CURVE[algorithm] });
  }
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  // One RSA key for all of a test run: making them is slow.
  rsa ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  return { privateKey: createPrivateKey(rsa), publicKey: createPublicKey(rsa) };
}

let rsa: string | undefined;

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
