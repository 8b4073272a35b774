import { kinds } from '#controller/api/kinds.ts';
import type { KindSchema } from '#controller/api/kind.ts';
import type { ApiCall, Verb } from './resource-path.ts';
import { kindsWithStatus } from './status/kinds-with-status.ts';

/**
 * Where a rule has to hold.
 *
 * - `cluster`: everywhere; a ClusterRole with a ClusterRoleBinding
 * - `unnamed`: everywhere, where the namespaces that are read are not named; nowhere else
 * - `watched`: in the namespaces that are read, a Role in each, or everywhere where all are
 * - `own`: in the controller's namespace
 * - `default`: in the namespace of that name
 */
export type RbacScope = 'cluster' | 'unnamed' | 'watched' | 'own' | 'default';

/** What a controller has to be allowed (rbac.authorization.k8s.io/v1 PolicyRule). */
export interface RbacRule {
  readonly scope: RbacScope;
  readonly group: string;
  /** Sorted; with subresources: "httproutes/status". */
  readonly resources: readonly string[];
  readonly verbs: readonly Verb[];
}

/** Kinds that are read whole, or of which metadata is: each is listed and watched. */
function reading(scope: KindSchema['scope']): readonly RbacRule[] {
  const read = kinds.filter((kind) => kind.scope === scope);
  return [...new Set(read.map(({ group }) => group))].map((group) => ({
    scope: scope === 'Cluster' ? 'cluster' : 'watched',
    group,
    resources: pluralsOf(read.filter((kind) => kind.group === group)),
    verbs: ['list', 'watch'],
  }));
}

/** Statuses are patched; an object is read again where somebody else wrote in between. */
function writing(scope: KindSchema['scope']): readonly RbacRule[] {
  const written = kindsWithStatus.filter((kind) => kind.scope === scope);
  const at = scope === 'Cluster' ? 'cluster' : 'watched';
  return [...new Set(written.map(({ group }) => group))].flatMap((group): RbacRule[] => {
    const resources = pluralsOf(written.filter((kind) => kind.group === group));
    return [
      { scope: at, group, resources, verbs: ['get'] },
      { scope: at, group, resources: resources.map((plural) => `${plural}/status`), verbs: ['patch'] },
    ];
  });
}

/**
 * Everything that following a cluster, statuses, Events, the election of a leader and what replicas tell each other need. What
 * proxies need beside it is told by who makes them (`infra/kubernetes`).
 */
export const CONTROLLER_RULES: readonly RbacRule[] = [
  ...reading('Cluster'),
  ...reading('Namespaced'),
  // Of Secrets and ConfigMaps only metadata is watched; what is referred to is read by name.
  { scope: 'watched', group: '', resources: ['configmaps', 'secrets'], verbs: ['get'] },
  // Which kinds are installed; and, of one that is not served just now, whether it still is.
  {
    scope: 'cluster',
    group: 'apiextensions.k8s.io',
    resources: ['customresourcedefinitions'],
    verbs: ['get', 'list', 'watch'],
  },
  ...writing('Cluster'),
  ...writing('Namespaced'),
  // A finalizer that another controller has left, which only who sees all Gateways may take.
  { scope: 'unnamed', group: 'gateway.networking.k8s.io', resources: ['gatewayclasses'], verbs: ['patch'] },
  { scope: 'watched', group: '', resources: ['events'], verbs: ['create', 'patch'] },
  // Those of objects that belong to the whole cluster.
  { scope: 'default', group: '', resources: ['events'], verbs: ['create', 'patch'] },
  { scope: 'own', group: 'coordination.k8s.io', resources: ['leases'], verbs: ['create', 'get', 'update'] },
  // The keys of logins.
  { scope: 'own', group: '', resources: ['secrets'], verbs: ['create', 'get'] },
  // What replicas tell each other of what proxies reject.
  {
    scope: 'own',
    group: '',
    resources: ['configmaps'],
    verbs: ['create', 'delete', 'list', 'patch', 'watch'],
  },
];

/** Whether rules allow a call, where namespaces that are read and the controller's own are these; `undefined` is all. */
export function allows(
  rules: readonly RbacRule[],
  call: ApiCall,
  { watched, own }: { readonly watched: readonly string[] | undefined; readonly own: string },
): boolean {
  return rules.some(
    (rule) =>
      rule.group === call.group &&
      rule.resources.includes(call.resource) &&
      rule.verbs.includes(call.verb) &&
      (rule.scope === 'cluster' ||
        (rule.scope === 'unnamed' && watched === undefined) ||
        (rule.scope === 'own' && call.namespace === own) ||
        (rule.scope === 'default' && call.namespace === 'default') ||
        (rule.scope === 'watched' &&
          (watched === undefined || (call.namespace !== undefined && watched.includes(call.namespace))))),
  );
}

function pluralsOf(some: readonly KindSchema[]): readonly string[] {
  return some.map(({ plural }) => plural).toSorted();
}
