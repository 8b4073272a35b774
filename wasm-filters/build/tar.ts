const BLOCK = 512;

/**
 * Writes an archive with one regular file (POSIX.1-2017 ustar), always the same bytes for the same file: no time, no owner.
 * `path` is at most 100 characters of ASCII.
 */
export function writeTar(path: string, bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.write(path, 0, 100, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  // The sum is taken with spaces in its place.
  header.write('        ', 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u{0}00', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = (BLOCK - (bytes.length % BLOCK)) % BLOCK;
  // Two blocks of zeros are the end.
  return new Uint8Array(Buffer.concat([header, bytes, Buffer.alloc(padding + 2 * BLOCK)]));
}
