import type { ConfigMap, Secret } from '#controller/api/gen/types.d.ts';
import { ownMember } from '../resources/own-member.ts';

/** The text under a key of a Secret or ConfigMap, or `undefined`. */
export function dataOf(object: Secret | ConfigMap, key: string): string | undefined {
  if (object.kind === 'ConfigMap') return ownMember(object.data, key);
  const encoded = ownMember(object.data, key);
  return (
    ownMember(object.stringData, key) ?? (encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString())
  );
}

/** The keys of a Secret or ConfigMap, in order. */
export function keysOf(object: Secret | ConfigMap): readonly string[] {
  const more = object.kind === 'Secret' ? Object.keys(object.stringData ?? {}) : [];
  return [...new Set([...Object.keys(object.data ?? {}), ...more])].sort();
}
