import { stringify } from 'yaml';
import { CONTROLLER_RULES } from '#controller/kubernetes/rbac.ts';

/** Where the controller is installed, and what it is called there. */
export const CONTROLLER = { namespace: 'envoy-gateway-system', name: 'envoy-gateway' } as const;

/** The class whose Gateways are tested. */
export const GATEWAY_CLASS = 'sluice';

const { namespace, name } = CONTROLLER;
const labels = { app: name };
const metadata = { name, namespace };

/** The least that runs Sluice on a cluster: what the chart installs, without what only operators need. */
export function installation(): string {
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'envoy-gateway.yaml': stringify(configuration) } },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ name: 'xds', port: 18_000 }] } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: GATEWAY_CLASS },
      spec: { controllerName: configuration.gateway.controllerName },
    },
  ];
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
}

const rules = CONTROLLER_RULES.map(({ group, resources, verbs }) => ({ apiGroups: [group], resources, verbs }));

const configuration = {
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'EnvoyGateway',
  gateway: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  provider: { type: 'Kubernetes', kubernetes: { deploy: { type: 'GatewayNamespace' } } },
} as const;

const podSpec = {
  serviceAccountName: name,
  securityContext: { runAsUser: 65_532, runAsGroup: 65_532, runAsNonRoot: true },
  containers: [
    {
      name,
      image: 'sluice:test',
      args: ['run', '--config', '/config/envoy-gateway.yaml'],
      env: [
        { name: 'ENVOY_GATEWAY_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
        { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      ],
      ports: [{ name: 'xds', containerPort: 18_000 }],
      readinessProbe: { httpGet: { path: '/readyz', port: 8_081 } },
      volumeMounts: [
        { name: 'config', mountPath: '/config', readOnly: true },
        { name: 'certificates', mountPath: '/certs', readOnly: true },
      ],
    },
  ],
  volumes: [
    { name: 'config', configMap: { name } },
    { name: 'certificates', secret: { secretName: name } },
  ],
} as const;
