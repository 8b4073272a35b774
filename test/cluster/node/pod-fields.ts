import type { Container, EnvVar, Pod, SecurityContext, VolumeMount } from './kinds.ts';
import { NODE_ADDRESS } from './pod-network.ts';

/** The name of the only node. */
export const NODE = 'node-0';

/** What a `fieldRef` of a pod says (Kubernetes API, "Downward API"). */
export function fieldOf(pod: Pod, address: string, path: string): string {
  const { metadata, spec } = pod;
  const [, of, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/u.exec(path) ?? [];
  if (of === 'labels') return metadata.labels?.[key] ?? '';
  if (of === 'annotations') return metadata.annotations?.[key] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace;
    case 'metadata.uid':
      return metadata.uid;
    case 'spec.nodeName':
      return NODE;
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return address;
    case 'status.hostIP':
      return NODE_ADDRESS;
    default:
      return '';
  }
}

/** Looks up the key of a Secret or ConfigMap. */
export type KeyLookup = (plural: 'secrets' | 'configmaps', name: string, key: string) => Promise<string>;

/** The environment of a container, each variable with those before it filled in. */
export async function environmentOf(
  pod: Pod,
  { env = [] }: Container,
  address: string,
  lookUp: KeyLookup,
): Promise<Readonly<Record<string, string>>> {
  const variables: Record<string, string> = {};
  for (const variable of env) variables[variable.name] = await valueOf(variable);
  return variables;

  async function valueOf({ value = '', valueFrom }: EnvVar): Promise<string> {
    if (valueFrom?.fieldRef !== undefined) return fieldOf(pod, address, valueFrom.fieldRef.fieldPath);
    const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom ?? {};
    if (secret !== undefined) return lookUp('secrets', secret.name, secret.key);
    if (map !== undefined) return lookUp('configmaps', map.name, map.key);
    return filledIn(value, variables);
  }
}

/** Text with "$(NAME)" replaced by variables; "$$(NAME)" stands for itself, and an unknown name stays. */
export function filledIn(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/(\$?)\$\(([A-Za-z_][A-Za-z0-9_]*)\)/gu, (whole, escaped: string, name: string) =>
    escaped === '' ? (variables[name] ?? whole) : whole.slice(1),
  );
}

/**
 * Whether a container cannot write to a volume: where it says so, and where a kubelet keeps the files of the volume
 * (Kubernetes, "Volumes": Secrets, ConfigMaps, downward API and projected ones are always mounted read-only).
 */
export function isReadOnly({ spec }: Pod, { name, readOnly = false }: VolumeMount): boolean {
  const volume = spec.volumes?.find((one) => one.name === name);
  return readOnly || volume?.emptyDir === undefined;
}

/** The groups that the users of a pod are in beside their own. */
export function groupsOf({ supplementalGroups = [], fsGroup }: SecurityContext): readonly number[] {
  return [...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])];
}
