import type { RbacRule, RbacScope } from '../../kubernetes/rbac.ts';
import { OBJECT_KINDS } from './kinds.ts';

/** What a controller has to be allowed beside reading: to make proxies, and to be known by them. */
export function infraRules(deploy: 'ControllerNamespace' | 'GatewayNamespace'): readonly RbacRule[] {
  // Beside its Gateway a proxy is in a namespace that is read; one that is merged of several is beside the controller.
  const scopes: readonly RbacScope[] = deploy === 'ControllerNamespace' ? ['own'] : ['watched', 'own'];
  const groups = [...new Set(OBJECT_KINDS.map(({ group }) => group))];
  return [
    ...scopes.flatMap((scope) =>
      groups.map((group): RbacRule => ({
        scope,
        group,
        resources: OBJECT_KINDS.filter((kind) => kind.group === group)
          .map(({ plural }) => plural)
          .toSorted(),
        // What is applied and is not there yet is created; nobody else's is changed.
        verbs: ['create', 'delete', 'get', 'list', 'patch', 'watch'],
      })),
    ),
    { scope: 'cluster', group: '', resources: ['nodes'], verbs: ['list', 'watch'] },
    // The authority and the serving certificate.
    { scope: 'own', group: '', resources: ['secrets'], verbs: ['update'] },
  ];
}
