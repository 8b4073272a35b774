import { execFile } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { residentKib } from '../bench/process-usage.ts';

/** What Node processes have right after all garbage was collected: MiB by what they are. */
export type Collected = ReadonlyMap<string, number>;

const SCRIPT = `${import.meta.dirname}/collect-process.ts`;
/** It may be a busy machine. Milliseconds. */
const PATIENCE = 60_000;

/**
 * Has those of the processes that are Node collect all garbage, one after the other, and looks at their resident memory then. What
 * V8 may keep until it is short of memory is none of what a process needs; how much that is at a moment is chance. One that
 * cannot be had to is left out.
 */
export async function collected(processes: { readonly [name: string]: number }): Promise<Collected> {
  const found = new Map<string, number>();
  for (const [name, pid] of Object.entries(processes)) {
    try {
      if (basename(readlinkSync(`/proc/${pid}/exe`)) !== 'node') continue;
      await promisify(execFile)(...commandFor(pid), { timeout: PATIENCE });
      found.set(name, Math.round(residentKib(pid) / 1_024));
    } catch {
      // It has ended, or somebody else has the port of its inspector: its memory is judged as it is.
    }
  }
  return found;
}

/** In the network of the process: its inspector is on loopback there. */
function commandFor(pid: number): readonly [string, string[]] {
  const script = [SCRIPT, String(pid)];
  const networkOf = (who: string): string => readlinkSync(`/proc/${who}/ns/net`);
  if (networkOf(String(pid)) === networkOf('self')) return [process.execPath, script];
  return ['nsenter', ['--net', '--target', String(pid), process.execPath, ...script]];
}
