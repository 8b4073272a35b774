import type { EnvoyProxySpec, KubernetesServiceSpec } from '#controller/api/gen/types.d.ts';
import type { InfraIr } from '../../../ir/proxy.ts';
import type { Identity } from './identity.ts';
import { joined, type JsonObject, type Manifest, said } from './manifest.ts';
import { proxyPorts } from './ports.ts';

/** What a Service is where no EnvoyProxy says it. */
const DEFAULTS: KubernetesServiceSpec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };

/** The Service of a proxy, under whose addresses its Gateways are reached. */
export function serviceOf(infra: InfraIr, identity: Identity, spec: Partial<EnvoyProxySpec>): Manifest {
  const service = spec.provider?.kubernetes?.envoyService ?? DEFAULTS;
  const labels = joined(identity.labels, service.labels, identity.selector) ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: service.name ?? identity.name,
      namespace: identity.namespace,
      labels,
      ...said({
        annotations: joined(identity.annotations, service.annotations),
        ownerReferences: identity.ownerReferences,
      }),
    },
    spec: {
      type: service.type,
      selector: identity.selector,
      sessionAffinity: 'None',
      ports: portsOf(infra),
      ...byType(service),
      ...addressesOf(infra, service),
      ...families(spec),
    },
  };
}

function portsOf(infra: InfraIr): readonly JsonObject[] {
  return proxyPorts(infra).map(({ port, protocol, application, containerPort }) => ({
    name: `${application.toLowerCase()}-${port}`,
    port,
    protocol,
    targetPort: containerPort,
  }));
}

function byType(service: KubernetesServiceSpec): JsonObject {
  switch (service.type) {
    case 'LoadBalancer': {
      const { loadBalancerClass, allocateLoadBalancerNodePorts, loadBalancerSourceRanges, loadBalancerIP } = service;
      return said({
        externalTrafficPolicy: service.externalTrafficPolicy,
        loadBalancerClass,
        allocateLoadBalancerNodePorts,
        loadBalancerSourceRanges,
        loadBalancerIP,
      });
    }
    case 'NodePort':
      return { externalTrafficPolicy: service.externalTrafficPolicy };
    case 'ClusterIP':
      return {};
    default:
      return service.type satisfies never;
  }
}

/** A Service has one address of its own in the cluster, and any number outside of it. */
function addressesOf({ gateways }: InfraIr, { type }: KubernetesServiceSpec): JsonObject {
  const addresses = [...new Set(gateways.flatMap((gateway) => gateway.addresses))];
  const [first] = addresses;
  if (first === undefined) return {};
  return type === 'ClusterIP' ? { clusterIP: first, clusterIPs: [first] } : { externalIPs: addresses };
}

function families({ ipFamily }: Partial<EnvoyProxySpec>): JsonObject {
  switch (ipFamily) {
    case 'IPv6':
      return { ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack' };
    case 'DualStack':
      return { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' };
    case 'IPv4':
    case undefined:
      return {};
    default:
      return ipFamily satisfies never;
  }
}
