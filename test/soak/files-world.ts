import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecord, runs } from '#controller/infra/local/process-record.ts';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import type { Site } from '../process/sluice.ts';
import { backendOf, classOf, file, gatewayOf, serviceOf } from './manifests.ts';
import { routesAtFirst } from './routes.ts';
import type { Makings, World } from './world.ts';

/** Ports of loopback: of the Gateway, of one that comes and goes, of the back-ends. */
export type Ports = { readonly [name in 'http' | 'https' | 'other' | 'a' | 'b']: number };

/** What is soaked from files, and all that stands around it. */
export interface FilesWorld extends World {
  readonly ports: Ports;
  readonly site: Site;
}

/** The manifests at the beginning, by file. */
export function manifestsOf(ports: Ports, makings: Makings): { readonly [name: string]: string } {
  const { http, https, a, b } = ports;
  const objects = {
    gateway: [classOf(), gatewayOf('shop', { http, https }), backendOf('a', a), backendOf('b', b)],
    endpoints: serviceOf([a, b]),
    ...routesAtFirst(makings),
  };
  return Object.fromEntries(Object.entries(objects).map(([name, list]) => [fileOf(name), file(list)]));
}

/** How a site from files takes objects. */
export function filesOf(site: Site): Pick<World, 'put' | 'remove'> {
  return {
    put: (name, objects) => {
      site.write(fileOf(name), file(objects));
      return Promise.resolve();
    },
    remove: (name) => {
      site.remove(fileOf(name));
      return Promise.resolve();
    },
  };
}

const fileOf = (name: string): string => `${name}.yaml`;

/** What the sidecar of the Gateway's proxy has logged. */
export function sidecarLog({ state }: Site): string {
  return readFileSync(join(proxyPaths(state, 'default/shop').folder, 'sidecar.log'), 'utf8');
}

/** The process of the Gateway's proxy, 0 where none runs. */
export function processOf({ state }: Site, name: 'envoy' | 'sidecar'): number {
  try {
    const text = readFileSync(join(proxyPaths(state, 'default/shop').folder, `${name}.process`), 'utf8');
    const record = parseRecord(text);
    return record !== undefined && runs(record) ? record.pid : 0;
  } catch {
    // It has not been started yet.
    return 0;
  }
}
