import { writeFileSync } from 'node:fs';
import { isObject } from '#controller/api/compile.ts';
import { infraRules } from '#controller/infra/kubernetes/rbac.ts';
import { CONTROLLER_RULES, type RbacRule } from '#controller/kubernetes/rbac.ts';
import type { ClusterClient } from './control-plane.ts';

const RBAC = 'rbac.authorization.k8s.io/v1';

/** A ServiceAccount that may do what a controller has to be allowed, and nothing else. */
export async function makeController(
  cluster: ClusterClient,
  namespace: string,
  rules: readonly RbacRule[] = [...CONTROLLER_RULES, ...infraRules('ControllerNamespace')],
) {
  const account = { kind: 'ServiceAccount', name: 'sluice', namespace };
  const own = rules.filter(({ scope }) => scope === 'own');
  const wide = rules.filter(({ scope }) => scope !== 'own');
  const name = `sluice-${namespace}`;
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    // What is tested here is the controller: its proxies are made, and none of their pods.
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'no-pods', namespace },
      spec: { hard: { pods: '0' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'sluice', namespace } },
    { apiVersion: RBAC, kind: 'ClusterRole', metadata: { name }, rules: wide.map(policyRule) },
    {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [account],
    },
    { apiVersion: RBAC, kind: 'Role', metadata: { name, namespace }, rules: own.map(policyRule) },
    {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [account],
    },
  ];
  await cluster.apply(objects.map((object) => JSON.stringify(object)).join('\n---\n'));
}

/** Writes a kubeconfig for the controller's ServiceAccount, for an API server at a URL. */
export async function writeControllerAccess(
  cluster: ClusterClient,
  namespace: string,
  url: string,
  file: string,
): Promise<void> {
  const answer = await cluster.api.ask({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/sluice/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } },
  });
  const status = isObject(answer.body) ? answer.body['status'] : undefined;
  const token = isObject(status) ? String(status['token']) : '';
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    clusters: [{ name: 'c', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace } }],
  };
  writeFileSync(file, JSON.stringify(kubeconfig), { mode: 0o600 });
}

function policyRule({ group, resources, verbs }: RbacRule) {
  return { apiGroups: [group], resources, verbs };
}
