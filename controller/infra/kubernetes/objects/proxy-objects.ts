/**
 * What a proxy is on Kubernetes.
 *
 * In: what has to exist for it, its EnvoyProxy in it, and the settings of the installation. Out: the objects to apply, in
 * order. Refuses to know: which of them exist, and how they are applied.
 */
import type {
  EnvoyProxySpec,
  KubernetesDaemonSetSpec,
  KubernetesDeploymentSpec,
  KubernetesPatchSpec,
} from '#controller/api/gen/types.d.ts';
import { isObject } from '#controller/api/compile.ts';
import type { InfraIr } from '../../../ir/proxy.ts';
import { type Outcome, refusal, success } from '../../../resources/verdict.ts';
import { userBootstrap } from '../../bootstrap/user.ts';
import { type AnyAddress, podBootstrap, sdsFiles } from './bootstrap.ts';
import { podArguments } from './pod-arguments.ts';
import { type Identity, identityOf } from './identity.ts';
import { type JsonObject, type Manifest, said } from './manifest.ts';
import { podTemplate, servesMetrics, shutdownOf } from './pod.ts';
import { serviceOf } from './service.ts';
import type { KubernetesSettings } from './settings.ts';
import { mergePatch } from './strategic-merge.ts';

/** The objects of one proxy. */
export interface ProxyObjects {
  readonly identity: Identity;
  /** In the order in which they are applied. */
  readonly manifests: readonly Manifest[];
}

/** Makes the objects of a proxy. The certificate is none of them: it is made, not derived. */
export function proxyObjects(infra: InfraIr, settings: KubernetesSettings): Outcome<ProxyObjects, 'InvalidParameters'> {
  const identity = identityOf(infra, settings);
  const spec: Partial<EnvoyProxySpec> = infra.parameters?.spec ?? {};
  const workload = workloadOf(infra, identity, spec, settings);
  const kubernetes = spec.provider?.kubernetes;
  const made: readonly Made[] = [
    serviceAccount(identity, spec),
    configMap(identity),
    patch(serviceOf(infra, identity, spec), kubernetes?.envoyService?.patch),
    workload,
    ...autoscaler(identity, spec),
    ...disruptionBudget(identity, spec),
  ];
  const manifests: Manifest[] = [];
  for (const manifest of made) {
    if (!manifest.ok) return manifest;
    manifests.push(manifest.value);
  }
  return success({ identity, manifests });
}

type Made = Outcome<Manifest, 'InvalidParameters'>;

function serviceAccount(identity: Identity, { provider }: Partial<EnvoyProxySpec>): Made {
  const name = provider?.kubernetes?.envoyServiceAccount?.name ?? identity.name;
  return success({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { ...metadataOf(identity), name },
    automountServiceAccountToken: false,
  });
}

function configMap(identity: Identity): Made {
  return success({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf(identity), data: sdsFiles() });
}

function workloadOf(
  infra: InfraIr,
  identity: Identity,
  spec: Partial<EnvoyProxySpec>,
  settings: KubernetesSettings,
): Made {
  const base = podBootstrap({
    key: infra.key,
    xds: settings.xds,
    metrics: servesMetrics(spec),
    anyAddress: anyAddress(spec),
  });
  const bootstrap = userBootstrap(base, spec.bootstrap);
  if (!bootstrap.ok) return bootstrap;
  const { drainTimeout } = shutdownOf(spec);
  const args = podArguments({ key: infra.key, bootstrap: bootstrap.value.text, spec, drainTimeout });
  const { envoyDaemonSet: daemonSet, envoyDeployment: deployment } = spec.provider?.kubernetes ?? {};
  const { pod, container } = daemonSet ?? deployment ?? {};
  const initContainers = daemonSet === undefined ? (deployment?.initContainers ?? []) : [];
  const { adminPort } = bootstrap.value;
  const template = podTemplate({ identity, settings, spec, pod, container, initContainers, args, adminPort });
  return daemonSet === undefined
    ? patch(deploymentOf(identity, deployment, template, hasAutoscaler(spec)), deployment?.patch)
    : patch(daemonSetOf(identity, daemonSet, template), daemonSet.patch);
}

/** The address that all of a pod's listeners bind. */
function anyAddress({ ipFamily }: Partial<EnvoyProxySpec>): AnyAddress {
  switch (ipFamily) {
    case 'IPv6':
      return { address: '::' };
    case 'DualStack':
      return { address: '::', bothFamilies: true };
    case 'IPv4':
    case undefined:
      return { address: '0.0.0.0' };
    default:
      return ipFamily satisfies never;
  }
}

function deploymentOf(
  identity: Identity,
  { name, replicas, strategy }: KubernetesDeploymentSpec = {},
  template: JsonObject,
  isScaled: boolean,
): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...metadataOf(identity), name: name ?? identity.name },
    spec: said({
      // The autoscaler's to say, where there is one.
      replicas: isScaled ? undefined : (replicas ?? 1),
      // A pod that goes is replaced before it goes.
      strategy: strategy ?? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: identity.selector },
      template,
    }),
  };
}

function daemonSetOf(identity: Identity, { name, strategy }: KubernetesDaemonSetSpec, template: JsonObject): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { ...metadataOf(identity), name: name ?? identity.name },
    spec: {
      updateStrategy: strategy ?? { type: 'RollingUpdate' },
      selector: { matchLabels: identity.selector },
      template,
    },
  };
}

function hasAutoscaler({ provider }: Partial<EnvoyProxySpec>): boolean {
  return provider?.kubernetes?.envoyHpa !== undefined;
}

function autoscaler(identity: Identity, { provider }: Partial<EnvoyProxySpec>): readonly Made[] {
  const { envoyHpa, envoyDeployment } = provider?.kubernetes ?? {};
  if (envoyHpa === undefined) return [];
  const { name, minReplicas, maxReplicas, metrics, behavior } = envoyHpa;
  const manifest: Manifest = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { ...metadataOf(identity), name: name ?? identity.name },
    spec: said({
      scaleTargetRef: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: envoyDeployment?.name ?? identity.name,
      },
      minReplicas,
      maxReplicas,
      metrics: metrics ?? [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
      behavior,
    }),
  };
  return [patch(manifest, envoyHpa.patch)];
}

function disruptionBudget(identity: Identity, { provider }: Partial<EnvoyProxySpec>): readonly Made[] {
  const budget = provider?.kubernetes?.envoyPDB;
  if (budget === undefined) return [];
  const { name, minAvailable, maxUnavailable } = budget;
  const manifest: Manifest = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { ...metadataOf(identity), name: name ?? identity.name },
    spec: said({ minAvailable, maxUnavailable, selector: { matchLabels: identity.selector } }),
  };
  return [patch(manifest, budget.patch)];
}

function metadataOf({ name, namespace, labels, annotations, ownerReferences }: Identity): Manifest['metadata'] {
  return { name, namespace, labels, annotations, ...(ownerReferences === undefined ? {} : { ownerReferences }) };
}

/**
 * An object with what the user wants otherwise. It stays an object of its kind in its namespace, and keeps the labels by
 * which it is found again: one that was lost could never be removed.
 */
function patch(manifest: Manifest, { type = 'StrategicMerge', value }: Partial<KubernetesPatchSpec> = {}): Made {
  if (value === undefined) return success(manifest);
  const { apiVersion, kind, metadata } = manifest;
  const merged = mergePatch(manifest, value, type);
  const own = isObject(merged) ? merged['metadata'] : undefined;
  if (!isObject(value) || !isObject(merged) || !isObject(own)) {
    return refusal(
      'InvalidParameters',
      `EnvoyProxy: patch of the ${kind}: accepted is an object with metadata and spec`,
    );
  }
  const name = typeof own['name'] === 'string' ? own['name'] : metadata.name;
  const labels = { ...stringsOf(own['labels']), ...metadata.labels };
  const annotations = { ...metadata.annotations, ...stringsOf(own['annotations']) };
  const { namespace, ownerReferences } = metadata;
  const kept = { ...own, name, namespace, labels, annotations, ...(ownerReferences && { ownerReferences }) };
  return success({ ...merged, apiVersion, kind, metadata: kept });
}

function stringsOf(value: unknown): { readonly [key: string]: string } {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([key, text]) => [key, String(text)]));
}
