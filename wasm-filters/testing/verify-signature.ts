import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

const HASHES: ReadonlySet<string> = new Set(['sha1', 'sha224', 'sha256', 'sha384', 'sha512']);

/**
 * Does what Envoy's foreign function `verify_signature` does: RSA PKCS#1 v1.5, or ECDSA with a DER signature, by the
 * kind of the key. Takes `VerifySignatureArguments` and returns `VerifySignatureResult` (Envoy,
 * `source/extensions/common/wasm/ext/verify_signature.proto`); `undefined` is BadArgument: no message, or no key.
 */
export function verifySignature(request: Uint8Array): Uint8Array | undefined {
  const read = readArguments(request);
  const key = read === undefined ? undefined : publicKey(read);
  if (read === undefined || key === undefined) return undefined;
  if (!HASHES.has(read.hash)) return writeResult(false, `${read.hash} is not supported.`);
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
    return writeResult(false, 'Failed to verify digest. Error code: 0');
  }
  const good = verify(read.hash, read.text, key, read.signature);
  return good ? writeResult(true, '') : writeResult(false, 'Failed to verify digest. Error code: 0');
}

interface Arguments {
  hash: string;
  der: Uint8Array;
  pem: string;
  signature: Uint8Array;
  text: Uint8Array;
}

function readArguments(request: Uint8Array): Arguments | undefined {
  const empty = new Uint8Array();
  const read: Arguments = { hash: '', der: empty, pem: '', signature: empty, text: empty };
  try {
    const reader = new BinaryReader(request);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (type !== WireType.LengthDelimited) reader.skip(type, field);
      else if (field === 1) read.hash = reader.string();
      else if (field === 2) read.der = reader.bytes();
      else if (field === 3) read.signature = reader.bytes();
      else if (field === 4) read.text = reader.bytes();
      else if (field === 5) read.pem = reader.string();
      else reader.skip(type, field);
    }
    return read;
  } catch {
    return undefined;
  }
}

function publicKey({ der, pem }: Arguments): KeyObject | undefined {
  // Envoy takes one form or the other.
  if (der.byteLength > 0 === (pem !== '')) return undefined;
  try {
    return pem === ''
      ? createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
      : createPublicKey({ key: pem, format: 'pem' });
  } catch {
    return undefined;
  }
}

function writeResult(result: boolean, error: string): Uint8Array {
  const writer = new BinaryWriter();
  if (result) writer.tag(1, WireType.Varint).bool(true);
  if (error !== '') writer.tag(2, WireType.LengthDelimited).string(error);
  return writer.finish();
}
