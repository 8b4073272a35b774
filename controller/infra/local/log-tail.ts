import { copyFile, open, stat, truncate } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a log file is looked at. Milliseconds. */
const POLL = 200;
/** Longest line that is passed on; the rest of it is dropped. Bytes. */
const LONGEST_LINE = 16_384;
/** Most that is read at once. Bytes. */
const CHUNK = 262_144;

/** A log file larger than this starts anew; its content is kept as `<file>.1` in place of what was there. Bytes. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** Passes on the lines that are appended to a file from now on, until the returned function is called, and keeps the file small. */
export async function tailLines(
  file: string,
  line: (text: string) => void,
  largest: number = LARGEST_FILE,
): Promise<() => Promise<void>> {
  const stop = new AbortController();
  let position = await sizeOf(file);
  let rest = '';
  const readNew = async (): Promise<void> => {
    const size = await sizeOf(file);
    if (size < position) position = 0;
    if (size === position) return;
    const handle = await open(file, 'r');
    try {
      const { bytesRead, buffer } = await handle.read({ buffer: Buffer.alloc(CHUNK), position });
      position += bytesRead;
      const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
      rest = (lines.pop() ?? '').slice(0, LONGEST_LINE);
      for (const text of lines) if (text !== '') line(text.slice(0, LONGEST_LINE));
    } finally {
      await handle.close();
    }
  };
  const loop = (async () => {
    while (!stop.signal.aborted) {
      await readNew().catch(() => undefined);
      if (position > largest) {
        await startAnew(file);
        position = 0;
      }
      await sleep(POLL, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
    await readNew().catch(() => undefined);
  })();
  return async () => {
    stop.abort();
    await loop;
  };
}

/** The process has the file open for appending and goes on at its new end. Where a copy cannot be kept there is none. */
async function startAnew(file: string): Promise<void> {
  await copyFile(file, `${file}.1`).catch(() => undefined);
  await truncate(file).catch(() => undefined);
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}
