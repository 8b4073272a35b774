import { Worker } from 'node:worker_threads';

/** Why a process is to end. */
export type StopReason = 'SIGTERM' | 'SIGINT' | 'stdin closed';

/**
 * Resolves when the process is asked to end: by SIGTERM or SIGINT and, where that is wanted, by its standard input
 * closing, which the death of the parent that holds the other end does.
 */
export function stopRequest({ exitWithStdin }: { readonly exitWithStdin: boolean }): Promise<StopReason> {
  return new Promise((resolve) => {
    process.on('SIGTERM', () => resolve('SIGTERM'));
    process.on('SIGINT', () => resolve('SIGINT'));
    if (!exitWithStdin) return;
    const watch = new Worker(new URL('stdin-watch.mjs', import.meta.url));
    watch.once('message', () => resolve('stdin closed'));
  });
}
