import { defineKind } from '../kind.ts';
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
import { nullIsAbsent } from './null-is-absent.ts';
import { dnsLabel } from './names.ts';

const port = named('ServicePort', {
  name: string(dnsLabel),
  port: required(integer({ minimum: 1, maximum: 65_535 })),
  protocol: withDefault(oneOf(['TCP', 'UDP', 'SCTP']), 'TCP'),
  targetPort: intOrString(),
  nodePort: integer({ minimum: 0, maximum: 65_535 }),
  appProtocol: string(),
});

const spec = named(
  'ServiceSpec',
  {
    type: withDefault(oneOf(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']), 'ClusterIP'),
    selector: map(string()),
    ports: array(port, {
      rules: [
        {
          rule: 'size(self) <= 1 || self.all(p, has(p.name))',
          message: 'must all have a name where there are several',
        },
        {
          rule: 'self.all(a, self.exists_one(b, a.port == b.port && a.protocol == b.protocol))',
          message: 'must differ from each other in port or protocol',
        },
      ],
    }),
    clusterIP: string(),
    clusterIPs: array(string(), { maxItems: 2 }),
    ipFamilies: array(oneOf(['IPv4', 'IPv6']), { maxItems: 2, set: true }),
    ipFamilyPolicy: oneOf(['SingleStack', 'PreferDualStack', 'RequireDualStack']),
    externalName: string(),
    externalIPs: array(string({ format: 'ip' })),
    externalTrafficPolicy: oneOf(['Cluster', 'Local']),
    internalTrafficPolicy: oneOf(['Cluster', 'Local']),
    trafficDistribution: string(),
    sessionAffinity: oneOf(['ClientIP', 'None']),
    sessionAffinityConfig: json({ object: true }),
    publishNotReadyAddresses: boolean(),
    healthCheckNodePort: integer(),
    allocateLoadBalancerNodePorts: boolean(),
    loadBalancerClass: string(),
    loadBalancerIP: string(),
    loadBalancerSourceRanges: array(string()),
  },
  {
    rules: [
      {
        rule: "self.type != 'ExternalName' || has(self.externalName)",
        message: 'must be present when type is ExternalName',
        fieldPath: ['externalName'],
      },
    ],
  },
);

const ingress = named('LoadBalancerIngress', {
  ip: string(),
  hostname: string(),
  ipMode: string(),
  ports: array(json({ object: true })),
});

/** Service, core/v1. */
export const service = defineKind({
  group: '',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  storageVersion: 'v1',
  body: nullIsAbsent({
    spec: required(spec),
    status: named('ServiceStatus', {
      loadBalancer: named('LoadBalancerStatus', { ingress: array(ingress) }),
      conditions: array(json({ object: true })),
    }),
  }),
});
