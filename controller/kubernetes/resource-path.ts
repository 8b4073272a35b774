import { isObject } from '#controller/api/compile.ts';

/** A kind as a cluster's API server serves it. The group is empty for core kinds. */
export interface ServedKind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Which objects of a kind: all, those of a namespace, or one; `subresource` is a part of that one ("status"). */
export interface Place {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** The path of objects in the API of a cluster (Kubernetes API conventions, "Resource URIs"). */
export function resourcePath({ group, version, plural }: ServedKind, { namespace, name, subresource }: Place): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return [
    root,
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)]),
    plural,
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ].join('/');
}

/** What may be done with objects, as rules of RBAC name it. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** What a request to a cluster's API server does, in the words of RBAC. */
export interface ApiCall {
  readonly group: string;
  readonly version: string;
  /** "httproutes", or with its subresource "httproutes/status". */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly verb: Verb;
}

/** Reads a request back; undefined for paths that are no objects' (discovery, health). */
export function callOf(method: string, path: string, isWatch: boolean): ApiCall | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  const [group = '', version = '', ...rest] = isCore ? ['', ...parts.slice(1)] : parts.slice(1);
  if (rest.length === 0) return undefined;
  // A Namespace itself is "namespaces/<name>"; anything deeper is in it.
  const isInNamespace = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize';
  const [plural = '', name, subresource] = isInNamespace ? rest.slice(2) : rest;
  return {
    group,
    version,
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
    namespace: isInNamespace ? rest[1] : undefined,
    name,
    verb: verbOf(method, name !== undefined, isWatch),
  };
}

function verbOf(method: string, hasName: boolean, isWatch: boolean): Verb {
  switch (method) {
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return 'delete';
    default:
      if (hasName) return 'get';
      return isWatch ? 'watch' : 'list';
  }
}

/** The words of a `Status` (meta/v1), with which an API server explains itself. */
export function statusMessage(body: unknown): string | undefined {
  return isObject(body) && typeof body['message'] === 'string' ? body['message'] : undefined;
}
