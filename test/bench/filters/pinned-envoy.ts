import { findEnvoy } from '#deploy/setup/envoy.ts';
import { writeBootstrap } from '../bare-envoy.ts';
import { type Child, startChild } from '../child.ts';
import type { JsonObject } from '../json.ts';

/** Starts an Envoy with one worker on one core. */
export function pinnedEnvoy(folder: string, bootstrap: JsonObject, core: string): Child {
  const envoy = findEnvoy(process.env);
  if (envoy.kind !== 'found') throw new Error('Envoy is missing although the set-up is done');
  const path = writeBootstrap(folder, bootstrap);
  const flags = ['--config-path', path, '--log-level', 'warning', '--disable-hot-restart', '--concurrency', '1'];
  return startChild('taskset', ['-c', core, envoy.path, ...flags], folder);
}

/** Waits until a port answers with a status. Throws, with the output of who answers, when it does not. */
export async function answers(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  status: number,
  who: Child,
): Promise<void> {
  const end = Date.now() + 20_000;
  for (;;) {
    const found = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' }).then(
      (answer) => answer.status,
      (error: unknown) => String(error),
    );
    if (found === status) return;
    if (Date.now() > end) throw new Error(`port ${port} answers ${found}, not ${status}: ${who.output()}`);
    await new Promise((tick) => setTimeout(tick, 50));
  }
}
