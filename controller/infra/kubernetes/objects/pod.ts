import type { EnvoyProxySpec, Json, KubernetesContainerSpec, KubernetesPodSpec } from '#controller/api/gen/types.d.ts';
import { isObject } from '#controller/api/compile.ts';
import { parseDuration } from '../../../resources/duration.ts';
import { type Identity } from './identity.ts';
import { joined, type JsonObject, said } from './manifest.ts';
import { ENVOY_IMAGE, type KubernetesSettings, POD_IDENTITY, POD_PATHS, POD_PORTS, PROXY_USER } from './settings.ts';

/** What a pod of a proxy is made of. */
export interface PodParts {
  readonly identity: Identity;
  readonly settings: KubernetesSettings;
  /** The EnvoyProxy's, or that of nobody. */
  readonly spec: Partial<EnvoyProxySpec>;
  readonly pod: KubernetesPodSpec | undefined;
  readonly container: KubernetesContainerSpec | undefined;
  readonly initContainers: readonly JsonObject[];
  /** Arguments of Envoy. */
  readonly args: readonly string[];
  /** Port of Envoy's admin interface. */
  readonly adminPort: number;
}

/** How a proxy ends (EnvoyProxy `shutdown`), in milliseconds. */
export interface Shutdown {
  /** Until health checks fail. */
  readonly healthCheckFailureDelay: number;
  /** At most until Envoy ends. */
  readonly drainTimeout: number;
  /** At least until Envoy ends: so long clients may still be sent to it. */
  readonly minDrainDuration: number;
}

/** Reads how a proxy ends; the defaults are Envoy Gateway's. */
export function shutdownOf({ shutdown = {} }: Partial<EnvoyProxySpec>): Shutdown {
  const { healthCheckFailureDelay = '0s', drainTimeout = '60s', minDrainDuration = '10s' } = shutdown;
  return {
    healthCheckFailureDelay: parseDuration(healthCheckFailureDelay),
    drainTimeout: parseDuration(drainTimeout),
    minDrainDuration: parseDuration(minDrainDuration),
  };
}

/** Whether statistics are served to Prometheus (EnvoyProxy `telemetry.metrics.prometheus.disable`). */
export function servesMetrics({ telemetry }: Partial<EnvoyProxySpec>): boolean {
  return telemetry?.metrics?.prometheus?.disable !== true;
}

/** The template of the pods of a proxy, restricted as Pod Security Standards have it. */
export function podTemplate(parts: PodParts): JsonObject {
  const { identity, settings, spec, pod = {}, initContainers } = parts;
  const scraped = servesMetrics(spec)
    ? {
        'prometheus.io/path': '/stats/prometheus',
        'prometheus.io/port': String(POD_PORTS.metrics),
        'prometheus.io/scrape': 'true',
      }
    : undefined;
  const secrets: readonly JsonObject[] = settings.imagePullSecrets.map((name) => ({ name }));
  const grace = Math.ceil(shutdownOf(spec).drainTimeout / 1000) + GRACE_AFTER_DRAIN;
  return {
    metadata: said({
      annotations: joined(scraped, identity.annotations, pod.annotations),
      // What selects the pods is not the user's to change.
      labels: joined(identity.labels, pod.labels, identity.selector),
    }),
    spec: said({
      automountServiceAccountToken: false,
      serviceAccountName: spec.provider?.kubernetes?.envoyServiceAccount?.name ?? identity.name,
      terminationGracePeriodSeconds: grace,
      securityContext: { fsGroup: PROXY_USER, ...POD_SECURITY, ...pod.securityContext },
      affinity: pod.affinity,
      tolerations: pod.tolerations,
      nodeSelector: pod.nodeSelector,
      topologySpreadConstraints: pod.topologySpreadConstraints,
      priorityClassName: pod.priorityClassName,
      imagePullSecrets: pod.imagePullSecrets ?? (secrets.length === 0 ? undefined : secrets),
      initContainers: [sidecarContainer(parts), ...initContainers],
      containers: [envoyContainer(parts)],
      volumes: byName([...volumes(identity), ...(pod.volumes ?? [])]),
    }),
  };
}

/** Seconds that a pod has beyond its drain, as Envoy Gateway gives them. */
const GRACE_AFTER_DRAIN = 300;

const POD_SECURITY = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };

const CONTAINER_SECURITY: JsonObject = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
  runAsGroup: PROXY_USER,
  runAsNonRoot: true,
  runAsUser: PROXY_USER,
  seccompProfile: { type: 'RuntimeDefault' },
};

function envoyContainer({ identity, settings, spec, container = {}, args }: PodParts): JsonObject {
  const probe = (path: string): JsonObject => ({
    httpGet: { path, port: POD_PORTS.readiness, scheme: 'HTTP' },
    timeoutSeconds: 1,
    successThreshold: 1,
  });
  const drain = { name: DRAIN_HEADER, value: identity.drainToken };
  const ports = [
    ...(servesMetrics(spec) ? [{ name: 'metrics', containerPort: POD_PORTS.metrics, protocol: 'TCP' }] : []),
    { name: 'readiness', containerPort: POD_PORTS.readiness, protocol: 'TCP' },
  ];
  return {
    name: 'envoy',
    image: imageOf(container, settings.envoyImage),
    imagePullPolicy: 'IfNotPresent',
    command: ['envoy'],
    args,
    // Who says otherwise which pod it is would be parted from its sidecar.
    env: byName([...ENVIRONMENT, ...(container.env ?? []), ...IDENTIFYING]),
    ports,
    resources: container.resources ?? { requests: { cpu: '100m', memory: '512Mi' } },
    // Merged: who says one field of it has not given up the others.
    securityContext: { ...CONTAINER_SECURITY, ...container.securityContext },
    // Envoy takes its configuration in a second, and is looked at every second until it has.
    startupProbe: { ...probe('/alive'), periodSeconds: 1, failureThreshold: 600 },
    readinessProbe: { ...probe('/ready'), periodSeconds: 5, failureThreshold: 1 },
    livenessProbe: { ...probe('/alive'), periodSeconds: 10, failureThreshold: 3 },
    lifecycle: {
      preStop: { httpGet: { path: DRAIN_PATH, port: POD_PORTS.sidecar, scheme: 'HTTP', httpHeaders: [drain] } },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: byName([
      { name: 'run', mountPath: POD_PATHS.run },
      { name: 'processors', mountPath: POD_PATHS.processors },
      { name: 'certs', mountPath: POD_PATHS.certificates, readOnly: true },
      { name: 'sds', mountPath: POD_PATHS.sds, readOnly: true },
      ...(container.volumeMounts ?? []),
    ]),
  };
}

/** What the kubelet asks the sidecar for before Envoy ends, and by which header it is known. */
export const DRAIN_PATH = '/shutdown/ready';
export const DRAIN_HEADER = 'x-sluice-drain';

/**
 * The memory of a sidecar. V8 takes what the machine has before it collects: 260 MiB under load, where a bounded heap keeps it
 * at 150 MiB. All counters that it may keep at a time are 230 MiB of the old generation; the limit has room for that generation,
 * the young one (three times its semi-space) and some 100 MiB outside of the heap.
 */
export const SIDECAR_MEMORY = {
  options: '--max-old-space-size=384 --max-semi-space-size=8',
  request: '160Mi',
  limit: '512Mi',
} as const;

/** A native sidecar: it is up before Envoy starts, and ends after Envoy has. */
function sidecarContainer({ identity, settings, spec, adminPort }: PodParts): JsonObject {
  const { healthCheckFailureDelay, drainTimeout, minDrainDuration } = shutdownOf(spec);
  const { host, port } = settings.xds;
  const probe = (path: string): JsonObject => ({
    httpGet: { path, port: POD_PORTS.sidecar, scheme: 'HTTP' },
    timeoutSeconds: 1,
    successThreshold: 1,
  });
  return {
    name: 'sidecar',
    image: settings.sidecarImage,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    args: [
      'sidecar',
      `--socket=${POD_PATHS.sidecarSocket}`,
      `--modules=${POD_PATHS.modules}`,
      `--agent-address=${host}:${port}`,
      `--agent-certificates=${POD_PATHS.certificates}`,
      `--pod=${POD_IDENTITY}`,
      `--pod-port=${POD_PORTS.sidecar}`,
      `--envoy-admin=127.0.0.1:${adminPort}`,
      `--drain=${healthCheckFailureDelay},${minDrainDuration},${drainTimeout}`,
    ],
    env: [
      { name: 'SLUICE_DRAIN_TOKEN', value: identity.drainToken },
      { name: 'NODE_OPTIONS', value: SIDECAR_MEMORY.options },
      ...ENVIRONMENT.slice(0, 2),
      ...IDENTIFYING,
    ],
    ports: [{ name: 'sidecar', containerPort: POD_PORTS.sidecar, protocol: 'TCP' }],
    resources: { requests: { cpu: '50m', memory: SIDECAR_MEMORY.request }, limits: { memory: SIDECAR_MEMORY.limit } },
    securityContext: CONTAINER_SECURITY,
    // Started once it has what Envoy will be told to load.
    startupProbe: { ...probe('/started'), periodSeconds: 1, failureThreshold: 600 },
    readinessProbe: { ...probe('/healthz'), periodSeconds: 5, failureThreshold: 3 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, failureThreshold: 3 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'run', mountPath: POD_PATHS.run },
      { name: 'certs', mountPath: POD_PATHS.certificates, readOnly: true },
    ],
  };
}

/** As Envoy Gateway calls them: users' bootstraps and arguments name them. */
const ENVIRONMENT: readonly JsonObject[] = [
  fromField('ENVOY_POD_NAMESPACE', 'metadata.namespace'),
  fromField('ENVOY_POD_NAME', 'metadata.name'),
  fromField('ENVOY_SERVICE_ZONE', "metadata.annotations['topology.kubernetes.io/zone']"),
];

/** What `POD_IDENTITY` is filled in with. */
const IDENTIFYING: readonly JsonObject[] = [
  fromField('SLUICE_POD_NAME', 'metadata.name'),
  fromField('SLUICE_POD_UID', 'metadata.uid'),
];

/** A variable with what a field of the pod says (Downward API). */
function fromField(name: string, fieldPath: string): JsonObject {
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}

function volumes(identity: Identity): readonly JsonObject[] {
  return [
    { name: 'run', emptyDir: {} },
    { name: 'processors', emptyDir: {} },
    // For the group of the pod: nobody else reads the key.
    { name: 'certs', secret: { secretName: identity.certificate, defaultMode: 0o440 } },
    { name: 'sds', configMap: { name: identity.name, defaultMode: 0o444 } },
  ];
}

function imageOf({ image, imageRepository }: KubernetesContainerSpec, envoyImage: string): string {
  if (imageRepository !== undefined) return `${imageRepository}:${ENVOY_IMAGE.split(':').at(-1)}`;
  return image ?? envoyImage;
}

/** Entries by name, each where it came first, as it was said last. */
function byName(entries: readonly JsonObject[]): readonly JsonObject[] {
  const named = new Map<Json | undefined, JsonObject>();
  for (const entry of entries) {
    const name = isObject(entry) ? entry['name'] : undefined;
    named.set(name, entry);
  }
  return [...named.values()];
}
