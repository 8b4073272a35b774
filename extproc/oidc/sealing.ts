import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** AES-256-GCM (NIST SP 800-38D) with random initialisation vectors. */
const ALGORITHM = 'aes-256-gcm';
const IV = 12;
const TAG = 16;

/** Marks how the content is packed. */
const PLAIN = 0;
const DEFLATED = 1;
/** What may come out of a sealed text, in bytes. */
const LARGEST = 262_144;

/**
 * Seals a text so that only we can read it and nobody can change it; base64url. `purpose` is bound to it: what was sealed for
 * one cannot be opened for another. `compress` only what holds nothing that a stranger chose.
 */
export function seal(text: string, purpose: string, keys: readonly Uint8Array[], compress = false): string {
  const [key] = keys;
  if (key === undefined) throw new Error('there is no key to seal with');
  const iv = randomBytes(IV);
  const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(purpose));
  const content = Buffer.from(text);
  const packed = compress ? [Buffer.of(DEFLATED), deflateRawSync(content, { level: 9 })] : [Buffer.of(PLAIN), content];
  const sealed = [iv, ...packed.map((part) => cipher.update(part)), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64url');
}

/** Opens what `seal` made for this purpose with one of these keys; `undefined` for everything else. */
export function open(sealed: string, purpose: string, keys: readonly Uint8Array[]): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length <= IV + TAG || bytes.toString('base64url') !== sealed) return undefined;
  for (const key of keys) {
    const packed = decrypt(bytes, purpose, key);
    if (packed !== undefined) return unpack(packed);
  }
  return undefined;
}

function decrypt(bytes: Buffer, purpose: string, key: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV, -TAG)), decipher.final()]);
  } catch {
    return undefined;
  }
}

function unpack(packed: Buffer): string | undefined {
  const content = packed.subarray(1);
  switch (packed[0]) {
    case PLAIN:
      return content.toString();
    case DEFLATED:
      return inflateRawSync(content, { maxOutputLength: LARGEST }).toString();
    default:
      return undefined;
  }
}
