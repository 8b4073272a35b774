import type { ServedKind } from '../../kubernetes/resource-path.ts';

/** The kinds of what a proxy is made of, in the order in which they are applied. */
export const OBJECT_KINDS = [
  { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount' },
  { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' },
  { group: '', version: 'v1', plural: 'secrets', kind: 'Secret' },
  { group: '', version: 'v1', plural: 'services', kind: 'Service' },
  { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment' },
  { group: 'apps', version: 'v1', plural: 'daemonsets', kind: 'DaemonSet' },
  { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler' },
  { group: 'policy', version: 'v1', plural: 'poddisruptionbudgets', kind: 'PodDisruptionBudget' },
] as const satisfies readonly (ServedKind & { readonly kind: string })[];

/** One of the kinds that a proxy is made of. */
export type ObjectKind = (typeof OBJECT_KINDS)[number];

/** Finds a kind by its name; anything else is a bug. */
export function kindOf(name: string): ObjectKind {
  const found = OBJECT_KINDS.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`no proxy is made of a ${name}`);
  return found;
}
