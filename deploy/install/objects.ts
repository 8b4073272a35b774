/**
 * The objects of an installation on Kubernetes.
 *
 * In: where it is to be and what it is to run. Out: objects in the order in which they are applied. Refuses to know: resource
 * definitions, which are files (`deploy/crds`, and upstream's).
 */
import { CONTROLLER_RULES, type RbacRule } from '#controller/kubernetes/rbac.ts';
import { infraRules } from '#controller/infra/kubernetes/rbac.ts';

/** What an installation decides. */
export interface Installation {
  readonly namespace: string;
  /** Images of the controller and of the sidecar of proxies. */
  readonly images: { readonly controller: string; readonly sidecar: string };
  readonly replicas: number;
  /** The configuration file (kind EnvoyGateway) but for its apiVersion and kind. */
  readonly configuration: JsonObject;
  readonly deploy: 'ControllerNamespace' | 'GatewayNamespace';
}

type JsonObject = { readonly [field: string]: Json };
type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** What everything is called: the name that proxies look the controller up by. */
const NAME = 'envoy-gateway';
const LABELS = { 'app.kubernetes.io/name': 'envoy-gateway', 'app.kubernetes.io/component': 'controller' };
/** A user that nobody is. */
const USER = 65_532;

/** Gives the objects of an installation, its namespace first. */
export function installationObjects(installation: Installation): readonly JsonObject[] {
  const { namespace } = installation;
  const own = (name = NAME): JsonObject => ({ name, namespace, labels: LABELS });
  const rules = [...CONTROLLER_RULES, ...infraRules(installation.deploy)];
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: own() },
    ...permissions('ClusterRole', { name: NAME, labels: LABELS }, rules, installation),
    ...permissions('Role', own(), rules, installation),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: own('envoy-gateway-config'),
      data: { 'envoy-gateway.yaml': configurationOf(installation) },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: own(),
      spec: {
        selector: LABELS,
        ports: [
          { name: 'grpc', port: PORTS.xds, targetPort: PORTS.xds },
          { name: 'metrics', port: PORTS.metrics, targetPort: PORTS.metrics },
        ],
      },
    },
    deployment(installation, own()),
  ];
}

const PORTS = { xds: 18_000, metrics: 19_001, health: 8_081 };

function configurationOf({ configuration, deploy }: Installation): string {
  const provider = { type: 'Kubernetes', kubernetes: { deploy: { type: deploy } } };
  const head = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyGateway' };
  return `${JSON.stringify({ ...head, provider, ...configuration }, undefined, 2)}\n`;
}

/** A role and what binds it; rules of the cluster and of the namespaces that are watched hold everywhere. */
function permissions(
  kind: 'ClusterRole' | 'Role',
  metadata: JsonObject,
  rules: readonly RbacRule[],
  { namespace }: Installation,
): readonly JsonObject[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const isOwn = kind === 'Role';
  const allowed = rules
    .filter(({ scope }) => (scope === 'own') === isOwn)
    .map(({ group, resources, verbs }) => ({ apiGroups: [group], resources, verbs }));
  return [
    { apiVersion, kind, metadata, rules: allowed },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    },
  ];
}

function deployment({ images, replicas }: Installation, metadata: JsonObject): JsonObject {
  const probe = { httpGet: { path: '/healthz', port: PORTS.health } };
  const field = (name: string, fieldPath: string): JsonObject => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: NAME,
          terminationGracePeriodSeconds: 10,
          securityContext: { runAsNonRoot: true, fsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: NAME,
              image: images.controller,
              args: ['run', '--config=/config/envoy-gateway.yaml', '--state-dir=/var/lib/sluice'],
              env: [
                field('POD_NAME', 'metadata.name'),
                field('ENVOY_GATEWAY_NAMESPACE', 'metadata.namespace'),
                { name: 'SLUICE_SIDECAR_IMAGE', value: images.sidecar },
                { name: 'XDG_CACHE_HOME', value: '/var/lib/sluice' },
              ],
              ports: Object.entries(PORTS).map(([name, containerPort]) => ({ name, containerPort })),
              resources: { requests: { cpu: '100m', memory: '256Mi' } },
              readinessProbe: { httpGet: { path: '/readyz', port: PORTS.health }, periodSeconds: 5 },
              livenessProbe: { ...probe, periodSeconds: 20, initialDelaySeconds: 15 },
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                readOnlyRootFilesystem: true,
                runAsUser: USER,
                runAsGroup: USER,
              },
              volumeMounts: [
                { name: 'config', mountPath: '/config', readOnly: true },
                { name: 'state', mountPath: '/var/lib/sluice' },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: 'envoy-gateway-config' } },
            { name: 'state', emptyDir: {} },
          ],
        },
      },
    },
  };
}
