/** What runs the proxy on Kubernetes. Parts of Kubernetes' own pod types are kept as written: its API server validates them when they are applied. */
import type { Rule } from '../schema.ts';
import {
  array,
  boolean,
  integer,
  intOrString,
  json,
  map,
  named,
  oneOf,
  required,
  string,
  withDefault,
} from '../schema.ts';

const kubernetesObject = json({ object: true });

const patch = named('KubernetesPatchSpec', {
  type: oneOf(['StrategicMerge', 'JSONMerge']),
  value: required(json()),
});

const pod = named('KubernetesPodSpec', {
  annotations: map(string()),
  labels: map(string()),
  securityContext: kubernetesObject,
  affinity: kubernetesObject,
  tolerations: array(kubernetesObject),
  volumes: array(kubernetesObject),
  imagePullSecrets: array(kubernetesObject),
  nodeSelector: map(string()),
  topologySpreadConstraints: array(kubernetesObject),
  priorityClassName: string(),
});

const container = named('KubernetesContainerSpec', {
  env: array(kubernetesObject),
  resources: kubernetesObject,
  securityContext: kubernetesObject,
  image: string({
    pattern: '^[a-zA-Z0-9._\\-]+(:[0-9]+)?(\\/[a-zA-Z0-9._\\/\\-]+)?(:[a-zA-Z0-9._\\-]+)?(@sha256:[a-z0-9]+)?$',
    patternHint: 'an image such as registry/name:tag',
  }),
  imageRepository: string({
    pattern: '^[a-zA-Z0-9._\\-]+(:[0-9]+)?[a-zA-Z0-9._\\/\\-]+$',
    patternHint: 'a repository without a tag',
  }),
  volumeMounts: array(kubernetesObject),
});

const workload = { patch, name: string(), pod, container };

/** A Deployment. */
export const deploymentSpec = named('KubernetesDeploymentSpec', {
  ...workload,
  replicas: integer({ minimum: 0 }),
  strategy: kubernetesObject,
  initContainers: array(kubernetesObject),
});

const daemonSetSpec = named('KubernetesDaemonSetSpec', { ...workload, strategy: kubernetesObject });

const onlyLoadBalancer = ['allocateLoadBalancerNodePorts', 'loadBalancerSourceRanges', 'loadBalancerIP'];

const serviceSpec = named(
  'KubernetesServiceSpec',
  {
    annotations: map(string()),
    labels: map(string()),
    type: withDefault(oneOf(['ClusterIP', 'LoadBalancer', 'NodePort']), 'LoadBalancer'),
    loadBalancerClass: string(),
    allocateLoadBalancerNodePorts: boolean(),
    loadBalancerSourceRanges: array(string()),
    loadBalancerIP: string({ format: 'ipv4' }),
    externalTrafficPolicy: withDefault(oneOf(['Local', 'Cluster']), 'Local'),
    patch,
    name: string(),
  },
  {
    rules: onlyLoadBalancer.map((field): Rule => ({
      rule: `!has(self.${field}) || self.type == 'LoadBalancer'`,
      message: 'must be absent unless type is LoadBalancer',
      fieldPath: [field],
    })),
  },
);

/** A HorizontalPodAutoscaler. */
export const autoscalerSpec = named(
  'KubernetesHorizontalPodAutoscalerSpec',
  {
    minReplicas: integer({ minimum: 1 }),
    maxReplicas: required(integer({ minimum: 1 })),
    metrics: array(kubernetesObject),
    behavior: kubernetesObject,
    patch,
    name: string(),
  },
  {
    rules: [
      {
        rule: '!has(self.minReplicas) || self.maxReplicas >= self.minReplicas',
        message: 'must not be below minReplicas',
        fieldPath: ['maxReplicas'],
      },
    ],
  },
);

/** A PodDisruptionBudget. */
export const disruptionBudgetSpec = named(
  'KubernetesPodDisruptionBudgetSpec',
  { minAvailable: intOrString(), maxUnavailable: intOrString(), patch, name: string() },
  {
    rules: [
      {
        rule: 'has(self.minAvailable) != has(self.maxUnavailable)',
        message: 'must have exactly one of minAvailable and maxUnavailable',
      },
    ],
  },
);

/** Everything that is made for one proxy. */
export const kubernetesProvider = named(
  'EnvoyProxyKubernetesProvider',
  {
    envoyDeployment: deploymentSpec,
    envoyDaemonSet: daemonSetSpec,
    envoyService: serviceSpec,
    envoyHpa: autoscalerSpec,
    envoyPDB: disruptionBudgetSpec,
    envoyServiceAccount: named('KubernetesServiceAccountSpec', { name: string() }),
    useListenerPortAsContainerPort: boolean(),
  },
  {
    rules: [
      {
        rule: '!has(self.envoyDaemonSet) || (!has(self.envoyDeployment) && !has(self.envoyHpa))',
        message: 'must be absent when envoyDeployment or envoyHpa is present',
        fieldPath: ['envoyDaemonSet'],
      },
    ],
  },
);
