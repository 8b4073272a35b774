import { isObject } from '#controller/api/compile.ts';

/**
 * A policy that the schema refuses and of which no good version is known. It is kept for one purpose: what it meant to
 * guard answers 500 instead of being open.
 */
export interface InvalidPolicy {
  readonly kind: 'SecurityPolicy' | 'EnvoyExtensionPolicy';
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly targets: readonly InvalidPolicyTarget[];
}

/** A target as far as it could be read; what could not be read is wider rather than narrower. */
export interface InvalidPolicyTarget {
  readonly kind: string;
  readonly name: string;
  readonly sectionName: string | undefined;
}

/** Reads the targets out of a policy as written; `undefined` for a document that is no policy. */
export function readInvalidPolicy(
  kind: string,
  namespace: string,
  name: string,
  document: { readonly [field: string]: unknown },
): InvalidPolicy | undefined {
  if (kind !== 'SecurityPolicy' && kind !== 'EnvoyExtensionPolicy') return undefined;
  const spec = isObject(document['spec']) ? document['spec'] : {};
  const refs = [spec['targetRef'], ...(Array.isArray(spec['targetRefs']) ? spec['targetRefs'] : [])];
  return { kind, metadata: { namespace, name }, targets: refs.flatMap(readTarget) };
}

function readTarget(ref: unknown): InvalidPolicyTarget[] {
  if (!isObject(ref)) return [];
  const kind = text(ref['kind']) ?? text(ref['Kind']);
  const name = text(ref['name']) ?? text(ref['Name']);
  if (kind === undefined || name === undefined) return [];
  return [{ kind, name, sectionName: text(ref['sectionName']) }];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
