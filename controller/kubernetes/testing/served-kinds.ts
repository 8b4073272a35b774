import { kinds } from '#controller/api/kinds.ts';
import type { ScriptedKind } from './scripted-api-server.ts';

/** Every kind that is read, and definitions, as a cluster serves them in which everything is installed. */
export const servedKinds: readonly ScriptedKind[] = [
  ...kinds.map(({ group, versions, plural, kind }) => ({ group, versions, plural, kind })),
  {
    group: 'apiextensions.k8s.io',
    versions: ['v1'],
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
  },
  { group: 'coordination.k8s.io', versions: ['v1'], plural: 'leases', kind: 'Lease' },
  { group: '', versions: ['v1'], plural: 'events', kind: 'Event' },
  { group: '', versions: ['v1'], plural: 'nodes', kind: 'Node' },
  { group: '', versions: ['v1'], plural: 'serviceaccounts', kind: 'ServiceAccount' },
  { group: 'apps', versions: ['v1'], plural: 'deployments', kind: 'Deployment' },
  { group: 'apps', versions: ['v1'], plural: 'daemonsets', kind: 'DaemonSet' },
  {
    group: 'autoscaling',
    versions: ['v2'],
    plural: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
  },
  { group: 'policy', versions: ['v1'], plural: 'poddisruptionbudgets', kind: 'PodDisruptionBudget' },
];
