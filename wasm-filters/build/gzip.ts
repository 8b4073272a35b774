import { crc32 } from 'node:zlib';

/** Most bytes of a block that is stored as it is (RFC 1951, section 3.2.4). */
const MOST = 65_535;

/**
 * Wraps bytes as gzip (RFC 1952) without compressing them: what zlib makes of the same bytes differs with its version and the
 * processor, and the digest of an image must not.
 */
export function storedGzip(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255)];
  for (let at = 0; at === 0 || at < bytes.length; at += MOST) {
    const block = bytes.subarray(at, at + MOST);
    const head = Buffer.alloc(5);
    head.writeUInt8(at + MOST >= bytes.length ? 1 : 0, 0);
    head.writeUInt16LE(block.length, 1);
    head.writeUInt16LE(block.length ^ MOST, 3);
    parts.push(head, block);
  }
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(bytes), 0);
  tail.writeUInt32LE(bytes.length, 4);
  return new Uint8Array(Buffer.concat([...parts, tail]));
}
