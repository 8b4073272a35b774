import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';

/** A process that was started, as it is found again by a controller that starts later. */
export interface ProcessRecord {
  readonly pid: number;
  /** When it started, in the kernel's clock: tells it from another process that got its number. */
  readonly startTime: string;
  /** What it was started with; a process of other arguments is not taken over. */
  readonly command: string;
}

/**
 * Writes the record of a process that has just been started. Where a disk is full it is written over the record that is there, which
 * takes no space; rejects where there is none.
 */
export async function writeRecord(file: string, record: ProcessRecord): Promise<void> {
  const text = JSON.stringify(record);
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    if (!(await overwrite(file, text).catch(() => false))) throw error;
  }
}

/** Writes over what a file is, at once; gives whether all was written. */
async function overwrite(file: string, text: string): Promise<boolean> {
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.from(text);
    // White space at its end is no part of JSON.
    const whole = Buffer.concat([bytes, Buffer.alloc(Math.max(0, size - bytes.length), ' ')]);
    const { bytesWritten } = await handle.write(whole, 0, whole.length, 0);
    return bytesWritten === whole.length;
  } finally {
    await handle.close();
  }
}

/** Removes the record of a process that has ended. */
export async function removeRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** The record of a process that still runs, or `undefined`. */
export async function readRecord(file: string): Promise<ProcessRecord | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const record = parseRecord(text);
  return record !== undefined && runs(record) ? record : undefined;
}

/** Whether the process of a record still runs. */
export function runs({ pid, startTime }: ProcessRecord): boolean {
  return startTimeOf(pid) === startTime;
}

/** When a process started, or `undefined` when there is none of this number (proc_pid_stat(5), field 22). */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The record that a file's text is; `undefined` for a text that is none. */
export function parseRecord(text: string): ProcessRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startTime, command }: { pid?: unknown; startTime?: unknown; command?: unknown } = value;
    if (typeof pid !== 'number' || typeof startTime !== 'string' || typeof command !== 'string') return undefined;
    return { pid, startTime, command };
  } catch {
    return undefined;
  }
}
