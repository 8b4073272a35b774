import { createServer } from 'node:http';
import { compileFilter } from '#wasm-filters/build.ts';
import { listen } from '../listening.ts';
import { moduleOf } from './manifests.ts';

/** Where modules are fetched from. */
export interface ModuleServer {
  /** What an EnvoyExtensionPolicy says to have one version or the other: 0 or 1. */
  policy(version: number): object;
  readonly stop: () => Promise<void>;
}

/** Serves two modules that do the same and differ in their bytes, at an address of this machine. */
export async function serveModules(at = '127.0.0.1'): Promise<ModuleServer> {
  const module = await compileFilter('header-rewrite');
  // A custom section, which says nothing: id 0, its size, the size of its name, the name.
  const versions = [97, 98].map((letter) => Buffer.concat([module, Buffer.from([0, 2, 1, letter])]));
  const server = createServer((request, response) => {
    response.end(versions[Number(request.url?.slice(1))]);
  });
  const { port, stop } = await listen(server, { host: at, port: 0 });
  return {
    policy: (version) => moduleOf(`http://${at}:${port}/${version}`, versions[version] ?? module, version),
    stop,
  };
}
