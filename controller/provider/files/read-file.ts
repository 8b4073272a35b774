import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { hasErrorCode } from './error-code.ts';
import type { FileChange } from './ledger.ts';

/** The largest file that is read, in bytes: 16 MiB. */
export const maxFileBytes = 16 * 1024 * 1024;

/** Reads a manifest file; whatever is wrong with it is a value. A pipe or device is not opened for reading, as it might never end. */
export function readManifest(file: string): FileChange {
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return { file, content: readOpened(descriptor) };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT') || hasErrorCode(error, 'ENOTDIR')) return { file, content: { kind: 'absent' } };
    const message = error instanceof Error ? error.message : 'cannot be read';
    return { file, content: { kind: 'unreadable', message: `cannot be read: ${message}` } };
  }
}

function readOpened(descriptor: number): FileChange['content'] {
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) return { kind: 'unreadable', message: 'is no regular file' };
  if (stat.size > maxFileBytes) {
    return { kind: 'unreadable', message: `has ${stat.size} bytes, at most ${maxFileBytes} (16 MiB) are read` };
  }
  return decode(readFileSync(descriptor));
}

/** The text of a file's bytes, which must be UTF-8. */
export function decode(bytes: Uint8Array): FileChange['content'] {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { kind: 'unreadable', message: 'is not text in UTF-8' };
  }
}
