import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = '.tmp-';

/** A folder this old belongs to nobody any more: its process was killed. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** What asks a process to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Gives `use` a new folder within `parent`, and removes the folder afterwards, also when a signal ends the process.
 * The signal aborts what `use` has going before the process ends by it.
 */
export async function withTemporaryFolder<T>(
  parent: string,
  use: (folder: string, interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent);
  const folder = mkdtempSync(join(parent, PREFIX));
  const interruption = new AbortController();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const end = (signal: NodeJS.Signals): void => {
    interruption.abort();
    remove();
    stopListening();
    process.kill(process.pid, signal);
  };
  const stopListening = (): void => ENDING_SIGNALS.forEach((signal) => process.off(signal, end));
  for (const signal of ENDING_SIGNALS) process.on(signal, end);
  try {
    return await use(folder, interruption.signal);
  } finally {
    stopListening();
    remove();
  }
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(PREFIX))) {
    const found = statSync(join(parent, name), { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) {
      rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}
