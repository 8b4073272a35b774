import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often Envoy is asked while it is waited for. Milliseconds. */
const POLL = 10;
/** How long one answer may take. Milliseconds. */
const PATIENCE = 1_000;

/** Asks Envoy's admin interface, whose address Envoy wrote to a file; `undefined` while it does not answer. */
export async function askAdmin(addressFile: string, path: string): Promise<string | undefined> {
  const address = await readFile(addressFile, 'utf8').catch(() => '');
  if (address === '') return undefined;
  return fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(PATIENCE) })
    .then((response) => response.text())
    .catch(() => undefined);
}

/**
 * Resolves when Envoy accepts connections on every listener it has been given: it acknowledges a listener that still
 * waits for its routes. Gives up when `stop` is aborted.
 */
export async function untilListening(addressFile: string, listeners: number, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    const stats = await askAdmin(addressFile, '/stats?filter=listener_manager.total_listeners_');
    const count = (name: string): number => Number(new RegExp(`_${name}: (\\d+)`, 'u').exec(stats ?? '')?.[1] ?? -1);
    if (count('active') === listeners && count('warming') === 0) return true;
    await sleep(POLL);
  }
  return false;
}
