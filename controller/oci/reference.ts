import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** Where an image is: registry, repository, and a tag, a digest or both. */
export interface ImageReference {
  /** Host, with its port where that is not the scheme's: "docker.io", "localhost:5000". */
  readonly registry: string;
  /** Path of the repository, "library/alpine". */
  readonly repository: string;
  readonly tag: string | undefined;
  /** "sha256:" and 64 lower-case hexadecimal digits; the tag, if there is one, is then only a remark. */
  readonly digest: string | undefined;
}

/** "sha256:" and 64 lower-case hexadecimal digits (OCI Image Specification, "Digests"). */
export const DIGEST = /^sha256:[0-9a-f]{64}$/u;

const HOST = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/u;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`, 'u');
const TAG = /^\w[\w.-]{0,127}$/u;
const LONGEST_REPOSITORY = 255;

/** The registry of a name that states none (Docker). */
const DEFAULT_REGISTRY = 'docker.io';

/**
 * Parses the reference of an image as Docker writes it: "[oci://][registry/]repository[:tag][@sha256:...]". Without a
 * registry it is Docker Hub, without tag and digest it is the tag `latest` (OCI Distribution Specification, "Pull").
 */
export function parseReference(text: string): Outcome<ImageReference, 'Malformed'> {
  const wrong = (what: string): Outcome<ImageReference, 'Malformed'> =>
    refusal('Malformed', `found ${JSON.stringify(text)}: ${what}`);
  const bare = text.replace(/^oci:\/\//u, '');
  if (bare.includes('://')) return wrong('the scheme of an image is oci://, or none');
  const [named = '', digest, more] = bare.split('@');
  if (more !== undefined) return wrong('more than one @');
  if (digest !== undefined && !DIGEST.test(digest)) {
    return wrong('after @ a digest is accepted, "sha256:" and 64 lower-case hexadecimal digits');
  }
  const [, path = '', tag] = /^(.*?)(?::([^:/]*))?$/u.exec(named) ?? [];
  if (tag !== undefined && !TAG.test(tag)) return wrong(`"${tag}" is no tag`);
  const { registry, repository } = splitPath(path);
  if (!HOST.test(registry)) return wrong(`"${registry}" is no host of a registry`);
  if (!REPOSITORY.test(repository) || repository.length > LONGEST_REPOSITORY) {
    return wrong(`"${repository}" is no name of a repository: lower-case letters, digits, ".", "_", "-", "/"`);
  }
  return success({ registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest });
}

/** A first element with a dot or a port, or `localhost`, is a registry; other names are Docker Hub's. */
function splitPath(path: string): Pick<ImageReference, 'registry' | 'repository'> {
  const at = path.indexOf('/');
  const first = path.slice(0, Math.max(at, 0));
  if (at > 0 && (/[.:\]]/u.test(first) || first === 'localhost')) {
    const registry = first === 'index.docker.io' ? DEFAULT_REGISTRY : first;
    return { registry, repository: official(registry, path.slice(at + 1)) };
  }
  return { registry: DEFAULT_REGISTRY, repository: official(DEFAULT_REGISTRY, path) };
}

/** Docker Hub keeps what has no owner in `library`. */
function official(registry: string, repository: string): string {
  return registry === DEFAULT_REGISTRY && !repository.includes('/') ? `library/${repository}` : repository;
}

/** The reference as text, with its registry. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
