/**
 * What values the chart takes, as a JSON Schema: what it does not know it refuses, so that a typing error changes nothing silently.
 * The configuration of the controller is judged as the controller itself does it.
 */
import { structuralSchema } from '#controller/api/crd.ts';
import { envoyGatewayConfig } from '#controller/api/envoy-gateway/envoy-gateway-config.ts';

type Schema = { readonly [field: string]: unknown };

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const count: Schema = { type: 'integer', minimum: 0 };
const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 };
/** Kubernetes' own types: the API server judges them. */
const any: Schema = { type: 'object' };
const many: Schema = { type: 'array', items: { type: 'object' } };
const texts: Schema = { type: 'array', items: text };
const pairs: Schema = { type: 'object', additionalProperties: { type: 'string' } };
const countOrShare: Schema = { oneOf: [count, { type: 'string', pattern: '^[0-9]+%$' }] };
const secrets: Schema = {
  type: 'array',
  items: only({ name: { type: 'string', minLength: 1 } }, ['name']),
};
const pullPolicy: Schema = { enum: ['', 'Always', 'IfNotPresent', 'Never'] };

function only(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) };
}

/** Null takes a default away. */
function orNull(schema: Schema): Schema {
  return { oneOf: [schema, { type: 'null' }] };
}

const job = only({
  annotations: pairs,
  args: texts,
  pod: only({ annotations: pairs, labels: pairs, securityContext: any }),
  resources: any,
  affinity: any,
  tolerations: many,
  nodeSelector: pairs,
  ttlSecondsAfterFinished: orNull(count),
  securityContext: any,
});

const envoyGateway = only({
  image: only({ repository: text, tag: text }),
  imagePullPolicy: pullPolicy,
  imagePullSecrets: secrets,
  extraEnv: many,
  resources: any,
  securityContext: any,
  strategy: any,
  wasmCacheVolume: any,
  startupProbe: any,
  livenessProbe: any,
  readinessProbe: any,
});

const pod = only({
  affinity: any,
  annotations: pairs,
  labels: pairs,
  topologySpreadConstraints: many,
  tolerations: many,
  nodeSelector: pairs,
  extraVolumeMounts: many,
  extraVolumes: many,
  securityContext: any,
});

const image = { image: text, pullPolicy, pullSecrets: secrets };

const values = only({
  global: only({
    imageRegistry: text,
    imagePullSecrets: secrets,
    images: only({
      envoyGateway: only(image),
      sidecar: only({ image: text }),
      // What Envoys pull is decided by EnvoyProxies: `imagePullPolicy` is theirs.
      envoyProxy: only({ image: text, pullSecrets: secrets, pullPolicy: { enum: ['', 'IfNotPresent'] } }),
      ratelimit: only(image),
    }),
  }),
  crds: only({ enabled: flag, global: any }),
  commonLabels: pairs,
  nameOverride: text,
  fullnameOverride: text,
  namespaceOverride: text,
  createNamespace: flag,
  kubernetesClusterDomain: { type: 'string', minLength: 1 },
  deployment: only({
    annotations: pairs,
    envoyGateway,
    ports: {
      type: 'array',
      minItems: 1,
      items: only({ name: text, port, targetPort: port, protocol: text, nodePort: port }, [
        'name',
        'port',
        'targetPort',
      ]),
    },
    priorityClassName: orNull(text),
    replicas: count,
    pod,
  }),
  service: only({
    type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
    annotations: pairs,
    loadBalancerIP: text,
    trafficDistribution: text,
  }),
  hpa: only({ enabled: flag, minReplicas: count, maxReplicas: count, metrics: many, behavior: any }),
  podDisruptionBudget: only({
    minAvailable: countOrShare,
    maxUnavailable: countOrShare,
    unhealthyPodEvictionPolicy: text,
  }),
  networkPolicy: only({ enabled: flag }),
  config: only({ envoyGateway: configuration() }),
  certificates: only({ provider: { enum: ['Job', 'CertManager'] } }),
  certgen: only({ job, rbac: only({ annotations: pairs, labels: pairs }) }),
  topologyInjector: only({ enabled: flag, annotations: pairs }),
});

/** The schema of the chart's values (JSON Schema draft-07). */
export function valuesSchema(): string {
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values', ...values }, undefined, 1)}\n`;
}

/** As the controller reads it, but for what is long and judged only there. */
function configuration(): Schema {
  const { apiVersion: _, kind: __, envoyProxy: ___, ...properties } = envoyGatewayConfig.properties;
  const { properties: fields, ...rest } = structuralSchema({ ...envoyGatewayConfig, properties });
  const { required: ____, ...closed } = asRecord(strict({ ...rest, properties: fields }));
  const known = asRecord(closed['properties']);
  return {
    ...closed,
    properties: {
      ...known,
      apiVersion: { enum: ['gateway.envoyproxy.io/v1alpha1'] },
      kind: { enum: ['EnvoyGateway'] },
      envoyProxy: any,
      provider: asRecord(cluster(asRecord(known['provider']))),
    },
  };
}

/** A chart installs on a cluster. */
function cluster(provider: Schema): Schema {
  return { ...provider, properties: { ...asRecord(provider['properties']), type: { enum: ['Kubernetes'] } } };
}

/** A structural schema as a JSON Schema that takes no unknown field, without what only Kubernetes reads. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isRecord(schema)) return schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const kept = Object.entries(schema).filter(
    ([name]) => !name.startsWith('x-kubernetes-') && !['description', 'default', 'format', 'nullable'].includes(name),
  );
  const entries = kept.map(([name, value]): [string, unknown] => [
    name,
    name === 'properties' && isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, strict(inner)]))
      : strict(value),
  ]);
  const closes = schema['type'] === 'object' && isRecord(schema['properties']) && !isOpen;
  return { ...Object.fromEntries(entries), ...(closes ? { additionalProperties: false } : {}) };
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asRecord(value: unknown): { readonly [field: string]: unknown } {
  return isRecord(value) ? value : {};
}
