import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { isObject, parseObject } from './manifest.ts';

/** What proves to a registry who asks. Never to be logged. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token, which the token server changes for access tokens (OAuth 2.0). */
  | { readonly kind: 'refresh-token'; readonly token: string }
  /** A token that the registry takes as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

/** A Docker configuration, as far as registries are concerned. */
export interface DockerConfig {
  /** By registry: "https://index.docker.io/v1/", "ghcr.io", "ghcr.io/owner", "*.example.com". */
  readonly auths: ReadonlyMap<string, Credentials>;
  /** Names of programs that keep credentials, by registry, and the one for all others. */
  readonly helpers: ReadonlyMap<string, string>;
  readonly store: string | undefined;
}

/** Reads a `config.json` of Docker, or the content of a Secret of type kubernetes.io/dockerconfigjson. */
export function parseDockerConfig(bytes: Uint8Array): Outcome<DockerConfig, 'Malformed'> {
  const document = parseObject(bytes);
  if (document === undefined) return refusal('Malformed', 'it is no JSON object');
  const { auths = {}, credHelpers = {}, credsStore } = document;
  if (!isObject(auths)) return refusal('Malformed', 'auths: an object is accepted');
  const known = new Map<string, Credentials>();
  for (const [registry, entry] of Object.entries(auths)) {
    const credentials = isObject(entry) ? credentialsOf(entry) : MALFORMED;
    if (credentials === MALFORMED) {
      return refusal('Malformed', `auths["${registry}"]: auth is no "<user>:<password>" in base64`);
    }
    // Docker leaves an empty entry where a helper keeps the password.
    if (credentials !== undefined) known.set(registry, credentials);
  }
  const helpers = isObject(credHelpers)
    ? Object.entries(credHelpers).flatMap(([registry, name]) =>
        typeof name === 'string' ? [[registry, name] as const] : [],
      )
    : [];
  const store = typeof credsStore === 'string' && credsStore !== '' ? credsStore : undefined;
  return success({ auths: known, helpers: new Map(helpers), store });
}

const MALFORMED = 'malformed';

function credentialsOf({
  auth,
  username,
  password,
  identitytoken,
  registrytoken,
}: {
  readonly [name: string]: unknown;
}): Credentials | undefined | typeof MALFORMED {
  if (typeof registrytoken === 'string' && registrytoken !== '')
    return { kind: 'registry-token', token: registrytoken };
  if (typeof identitytoken === 'string' && identitytoken !== '') return { kind: 'refresh-token', token: identitytoken };
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/u, '');
    const at = text.indexOf(':');
    if (at <= 0) return MALFORMED;
    return { kind: 'password', username: text.slice(0, at), password: text.slice(at + 1) };
  }
  if (typeof username === 'string' && typeof password === 'string' && username !== '') {
    return { kind: 'password', username, password };
  }
  return undefined;
}

/**
 * The entry of a table for a repository: the longest whose host matches and whose path is a beginning of the repository's
 * (Kubernetes, "Interpretation of config.json"; `*` stands for one label of a host).
 */
export function entryFor<T>(table: ReadonlyMap<string, T>, registry: string, repository: string): T | undefined {
  let best: { readonly value: T; readonly weight: number } | undefined;
  for (const [key, value] of table) {
    const [host = '', ...path] = key
      .replace(/^https?:\/\//u, '')
      .replace(/\/v[12]\/?$|\/$/u, '')
      .split('/');
    if (!matchesHost(host, registry)) continue;
    const prefix = path.join('/');
    if (prefix !== '' && repository !== prefix && !repository.startsWith(`${prefix}/`)) continue;
    const weight = prefix.length * 2 + (host.includes('*') ? 0 : 1);
    if (best === undefined || weight > best.weight) best = { value, weight };
  }
  return best?.value;
}

/** Names that Docker Hub goes by. */
const DOCKER_HUB: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

function matchesHost(pattern: string, registry: string): boolean {
  if (pattern === registry || (DOCKER_HUB.has(pattern) && DOCKER_HUB.has(registry))) return true;
  if (!pattern.includes('*')) return false;
  const labels = pattern.split('.');
  const found = registry.split('.');
  return labels.length === found.length && labels.every((label, index) => label === '*' || label === found[index]);
}
