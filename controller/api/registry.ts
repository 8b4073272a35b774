import type { KindName } from './gen/types.d.ts';
import type { KindSchema } from './kind.ts';
import { apiVersionOf } from './kind.ts';
import { kinds } from './kinds.ts';

const byName = new Map(kinds.map((kind) => [kind.kind, kind]));
const byGroupKind = new Map(kinds.map((kind) => [`${kind.group}/${kind.kind}`, kind]));
const groups = new Set(kinds.map(({ group }) => group));

/** The schema of a kind by its name. */
export function kindOf(name: KindName): KindSchema {
  const kind = byName.get(name);
  if (kind === undefined) throw new Error(`no schema for kind ${name}; are the generated types of this build?`);
  return kind;
}

/** The schema of a kind in a group; undefined for a kind that is not read. */
export function findKind(group: string, kind: string): KindSchema | undefined {
  return byGroupKind.get(`${group}/${kind}`);
}

/** Whether every kind of a group must be known: a name that is not is a mistake, not somebody else's object. */
export function isOwnGroup(group: string): boolean {
  return (
    group === 'gateway.networking.k8s.io' ||
    group === 'gateway.envoyproxy.io' ||
    group.endsWith('.gateway.envoyproxy.io')
  );
}

/** The kinds of a group that are read, for messages. */
export function kindsOfGroup(group: string): readonly string[] {
  return groups.has(group) ? kinds.filter((kind) => kind.group === group).map(({ kind }) => kind) : [];
}

/** A kind by its name alone, in whatever group: for hints in messages. */
export function kindNamed(name: string): KindSchema | undefined {
  return byName.get(name);
}

/** The `apiVersion` of a kind's storage version, by its name. */
export function apiGroupVersionOf(name: string): string {
  const kind = byName.get(name);
  return kind === undefined ? '' : apiVersionOf(kind.group, kind.storageVersion);
}

/** Whether a kind's name is one that has a type. */
export function isKindName(name: string): name is KindName {
  return byName.has(name);
}
