import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { LIMITS, MOST } from './limits.ts';

/** A file in an archive; `bytes` is a part of the archive. */
export interface TarFile {
  /** As it is written there, without a leading "./" or "/". */
  readonly path: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/**
 * Lists the regular files of an archive (POSIX.1-2017 pax, ustar, GNU). Everything is bounded: a header that announces
 * more than there is, or names that do not end, refuse the archive.
 */
export function readTar(archive: Uint8Array): Outcome<readonly TarFile[], 'Malformed'> {
  const files: TarFile[] = [];
  let longName: string | undefined;
  let headers = 0;
  for (let at = 0; at + BLOCK <= archive.length;) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return success(files);
    if (!hasChecksum(header)) return refusal('Malformed', `the archive: no header at byte ${at}`);
    const size = sizeOf(header);
    const start = at + BLOCK;
    if (size === undefined || start + size > archive.length) {
      return refusal('Malformed', `the archive: the header at byte ${at} announces more bytes than there are`);
    }
    const content = archive.subarray(start, start + size);
    const type = String.fromCharCode(header[156] ?? 0);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
    if (type === 'x' || type === 'g' || type === 'L' || type === 'K') {
      headers += size;
      if (headers > LIMITS.tarHeader) {
        return refusal('Malformed', `the archive: headers of more than ${LIMITS.tarHeader} bytes`);
      }
      longName = (type === 'L' ? text(content) : type === 'x' ? paxPath(content) : undefined) ?? longName;
      continue;
    }
    if (type === '0' || type === '\0' || type === '7') {
      if (files.length === MOST.files) return refusal('Malformed', `the archive: more than ${MOST.files} files`);
      files.push({ path: (longName ?? nameOf(header)).replace(/^(?:\.?\/)+/u, ''), bytes: content });
    }
    longName = undefined;
    headers = 0;
  }
  return success(files);
}

function nameOf(header: Uint8Array): string {
  const name = text(header.subarray(0, 100));
  const isUstar = text(header.subarray(257, 262)) === 'ustar';
  const prefix = isUstar ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** An octal number, or, with the first bit set, a binary one (GNU); `undefined` for what is neither. */
function sizeOf(header: Uint8Array): number | undefined {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = text(field).trim();
  return /^[0-7]{1,12}$/u.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

function hasChecksum(header: Uint8Array): boolean {
  return Number.parseInt(text(header.subarray(148, 156)).trim(), 8) === checksumOf(header);
}

/** The sum of the bytes, those of the sum itself taken for spaces. */
function checksumOf(header: Uint8Array): number {
  return header.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

/** The path out of pax records, each "<length> <keyword>=<value>\n". */
function paxPath(records: Uint8Array): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/u.exec(text(records))?.[1];
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
