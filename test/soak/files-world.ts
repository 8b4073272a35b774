import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecord, runs } from '#controller/infra/local/process-record.ts';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import type { RedisServer } from '#extproc/rate-limit/testing/redis-server.ts';
import type { issuer } from '#wasm-filters/testing/issuer.ts';
import type { Answer } from '../bench/http-connection.ts';
import { untilAnswer } from '../bench/until-answer.ts';
import type { Site } from '../process/sluice.ts';
import { issue } from '../tls/authority.ts';
import {
  backendOf,
  BASIC,
  certificateOf,
  file,
  gatewayOf,
  HOST,
  jwtOf,
  limitOf,
  oidcOf,
  policyOf,
  routeOf,
  secretOf,
  serviceOf,
  theClass,
  to,
} from './manifests.ts';
import type { ModuleServer } from './module-server.ts';

/** Ports of loopback: of the Gateway, of one that comes and goes, of the back-ends. */
export type Ports = { readonly [name in 'http' | 'https' | 'other' | 'a' | 'b']: number };

/** Who issues tokens: in Envoy they are verified, or by the sidecar. */
export type Keys = { readonly [name in 'envoy' | 'sidecar']: ReturnType<typeof issuer> };

/** What is soaked from files, and all that stands around it. */
export interface FilesWorld {
  readonly ports: Ports;
  readonly keys: Keys;
  readonly modules: ModuleServer;
  readonly redis: RedisServer;
  readonly site: Site;
}

/** Who issues no token that ends within a soak. */
export const FOREVER = { exp: 4_102_444_800 } as const;

/** The most that a change may take to show. Milliseconds. */
export const PATIENCE = 60_000;

/** A route with the policy that asks for a token of alice or of one whom only this round knows. */
export function securedOf({ keys }: Pick<FilesWorld, 'keys'>, round: number): string {
  const policy = jwtOf(keys.envoy.jwk, ['alice', `probe-${round}`]);
  return file(routeOf('secured', to('a')), policyOf('SecurityPolicy', 'secured', policy));
}

/** A route through one version of a module. */
export function filteredOf({ modules }: Pick<FilesWorld, 'modules'>, version: number): string {
  return file(routeOf('filtered', to('a')), policyOf('EnvoyExtensionPolicy', 'filtered', modules.policy(version)));
}

/** A route that comes with its policy, and goes. */
export function lateOf({ keys }: Pick<FilesWorld, 'keys'>): string {
  return file(routeOf('late', to('a')), policyOf('SecurityPolicy', 'late', jwtOf(keys.envoy.jwk)));
}

/** The manifests at the beginning, by file. */
export function manifestsOf(world: Omit<FilesWorld, 'redis' | 'site'>): { readonly [name: string]: string } {
  const { ports, keys } = world;
  const { http, https, a, b } = ports;
  return {
    'gateway.yaml': file(theClass, gatewayOf('shop', http, https), backendOf('a', a), backendOf('b', b)),
    'certificate.yaml': file(certificateOf(issue('first', { dns: [HOST] }))),
    'app.yaml': file(routeOf('app', to('app'))),
    'endpoints.yaml': file(...serviceOf([a, b])),
    'edited.yaml': file(routeOf('edited', to('a'))),
    'secured.yaml': securedOf(world, 0),
    'signed.yaml': file(routeOf('signed', to('a')), policyOf('SecurityPolicy', 'signed', jwtOf(keys.sidecar.jwk))),
    'login.yaml': file(
      routeOf('login', to('a')),
      secretOf('client', { 'client-secret': 'no-secret' }),
      policyOf('SecurityPolicy', 'login', oidcOf(`http://${HOST}/login/callback`)),
    ),
    'password.yaml': file(
      routeOf('password', to('a')),
      secretOf('users', { '.htpasswd': BASIC.secret }),
      policyOf('SecurityPolicy', 'password', { basicAuth: { users: { name: 'users' } } }),
    ),
    'limited.yaml': file(routeOf('limited', to('a')), limitOf('limited')),
    'filtered.yaml': filteredOf(world, 0),
    'late.yaml': lateOf(world),
  };
}

/** So many new connections in a row are answered so: every worker of Envoy has had some of them. */
const EVERY_WORKER = 20;

/** Waits until a path is answered with a status by whichever worker of Envoy. */
export async function isEverywhere(port: number, path: string, status: number): Promise<void> {
  const headers = { connection: 'close' } as const;
  const is = (answer: Answer): boolean => answer.status === status;
  await untilAnswer({ port, host: HOST, path, headers, is, inARow: EVERY_WORKER, within: PATIENCE });
}

/** Waits until a path is answered as it should be, with a token where one is given. */
export async function becomes(
  port: number,
  path: string,
  is: { readonly status: number } | { readonly body: string },
  token?: string,
): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const isIt = ({ status, body }: Answer): boolean => ('status' in is ? status === is.status : body === is.body);
  await untilAnswer({ port, host: HOST, path, headers, is: isIt, within: PATIENCE });
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
