import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { enumMembers, type MessageTypes } from '#proto/load.ts';

type Question = Omit<MessageTypes['sluice.sidecar.v1.VerifySignatureRequest'], '$typeName' | '$unknown'>;

/** Keys whose form has been read are kept, this many: reading one takes as long as a verification. */
const MOST_KEYS = 256;
/** Keys that are tried on one signature. */
const MOST_TRIES = 8;

const keys = new Map<string, KeyObject | undefined>();

/**
 * Says whether one of the keys made the signature (RFC 7518 section 3.5: the salt of RSASSA-PSS is as long as the digest;
 * RFC 8037 section 3.1: EdDSA, with Ed25519 only). A key of another kind, or one that is no key, made none.
 */
export function verifySignature({ algorithm, spki, text, signature }: Question): boolean {
  return spki.slice(0, MOST_TRIES).some((der) => {
    const key = keyOf(der);
    return key !== undefined && madeBy(key, algorithm, text, signature);
  });
}

function madeBy(key: KeyObject, algorithm: Question['algorithm'], text: Uint8Array, signature: Uint8Array): boolean {
  const { UNSPECIFIED, PS256, PS384, PS512, EDDSA } = enumMembers('sluice.sidecar.v1.SignatureAlgorithm');
  switch (algorithm) {
    case PS256:
      return madeByPss(key, 'sha256', text, signature);
    case PS384:
      return madeByPss(key, 'sha384', text, signature);
    case PS512:
      return madeByPss(key, 'sha512', text, signature);
    case EDDSA:
      return key.asymmetricKeyType === 'ed25519' && verify(undefined, text, key, signature);
    case UNSPECIFIED:
    default:
      // Of another version of the filters.
      return false;
  }
}

function madeByPss(key: KeyObject, digest: string, text: Uint8Array, signature: Uint8Array): boolean {
  if (key.asymmetricKeyType !== 'rsa') return false;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify(digest, text, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature);
}

function keyOf(der: Uint8Array): KeyObject | undefined {
  const name = Buffer.from(der).toString('base64');
  if (keys.has(name)) return keys.get(name);
  const [oldest] = keys.keys();
  if (oldest !== undefined && keys.size >= MOST_KEYS) keys.delete(oldest);
  const key = readKey(der);
  keys.set(name, key);
  return key;
}

function readKey(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
