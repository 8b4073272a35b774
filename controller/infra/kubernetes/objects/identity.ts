import { createHash, createHmac } from 'node:crypto';
import type { InfraIr } from '../../../ir/proxy.ts';
import { joined, type JsonObject, type Labels } from './manifest.ts';
import type { KubernetesSettings } from './settings.ts';

/** What the objects of one proxy are called, where they are, and how they are found again. */
export interface Identity {
  readonly namespace: string;
  /** Name of every object unless an EnvoyProxy gives it another. */
  readonly name: string;
  /** Name of the Secret with the certificate by which the proxy is known. */
  readonly certificate: string;
  /** Labels by which its pods are selected; they never change. */
  readonly selector: Labels;
  /** Labels and annotations of every object. */
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly ownerReferences: readonly JsonObject[] | undefined;
  /** Who says this to its sidecar may drain it. */
  readonly drainToken: string;
}

/** Label of all objects of one controller: its name, hashed. */
export const CONTROLLER_LABEL = 'sluice.dev/controller';
/** Annotation of all objects of a proxy: its key. */
export const PROXY_ANNOTATION = 'sluice.dev/proxy';

const OWNING_CLASS = 'gateway.envoyproxy.io/owning-gatewayclass';
const OWNING_NAME = 'gateway.envoyproxy.io/owning-gateway-name';
const OWNING_NAMESPACE = 'gateway.envoyproxy.io/owning-gateway-namespace';
/** GEP-1762. */
const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

/** Names and labels as Envoy Gateway makes them: selectors, monitors and scripts of its users find them. */
export function identityOf(infra: InfraIr, settings: KubernetesSettings): Identity {
  const [gateway] = infra.gateways;
  const beside = settings.deploy === 'GatewayNamespace' && !infra.merged ? gateway : undefined;
  const name = beside?.name ?? hashedName(infra.key);
  const owner: Labels =
    infra.merged || gateway === undefined
      ? { [OWNING_CLASS]: infra.gatewayClass }
      : { [OWNING_NAME]: gateway.name, [OWNING_NAMESPACE]: gateway.namespace };
  const selector =
    joined(
      {
        'app.kubernetes.io/name': 'envoy',
        'app.kubernetes.io/component': 'proxy',
        'app.kubernetes.io/managed-by': 'envoy-gateway',
      },
      beside === undefined ? undefined : { [GATEWAY_NAME]: beside.name },
      owner,
    ) ?? {};
  // A merged proxy is of many Gateways: none of them says what all are labelled with.
  const said = infra.merged ? undefined : gateway;
  return {
    namespace: beside?.namespace ?? settings.namespace,
    name,
    certificate: `${hashedName(infra.key)}-certificate`,
    selector,
    labels: joined(said?.labels, selector, { [CONTROLLER_LABEL]: controllerLabel(settings) }) ?? {},
    annotations: joined(said?.annotations, { [PROXY_ANNOTATION]: infra.key }) ?? {},
    ownerReferences: ownerReferences(beside),
    drainToken: createHmac('sha256', settings.drainKey).update(infra.key).digest('hex'),
  };
}

/** Value of `CONTROLLER_LABEL` for one controller: of two in one cluster neither touches what the other made. */
export function controllerLabel({ controllerName, namespace }: KubernetesSettings): string {
  return digest(`${controllerName} ${namespace}`).slice(0, 12);
}

/** What an object is called after a proxy: readable, at most 63 characters, and no two keys alike. */
export function hashedName(key: string): string {
  const readable = key.replaceAll('/', '-').slice(0, LONGEST).replace(/-$/u, '');
  return `envoy-${readable}-${digest(key).slice(0, 8)}`;
}

/** So much of a key is in a name. */
const LONGEST = 48;

/** Beside its Gateway a proxy goes with it, whoever deletes it; objects of one namespace cannot be owned from another. */
function ownerReferences(gateway: InfraIr['gateways'][number] | undefined): readonly JsonObject[] | undefined {
  if (gateway?.uid === undefined) return undefined;
  const { name, uid } = gateway;
  return [{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name, uid }];
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
