import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { compileFilter } from '#wasm-filters/build.ts';
import { listen } from '../../listening.ts';

/** A module that can be fetched, as an EnvoyExtensionPolicy names it. */
export interface ServedModule {
  readonly url: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly stop: () => Promise<void>;
}

/** Serves a filter of ours over HTTP on a port of loopback. */
export async function serveModule(name: string, port: number): Promise<ServedModule> {
  const wasm = await compileFilter(name);
  const { stop } = await listen(
    createServer((_, response) => response.end(wasm)),
    { host: '127.0.0.1', port },
  );
  return {
    url: `http://127.0.0.1:${port}/${name}.wasm`,
    sha256: createHash('sha256').update(wasm).digest('hex'),
    stop,
  };
}
