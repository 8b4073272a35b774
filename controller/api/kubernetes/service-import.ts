import { defineKind } from '../kind.ts';
import { array, integer, json, named, oneOf, required, string, withDefault } from '../schema.ts';
import { nullIsAbsent } from './null-is-absent.ts';
import { dnsLabel } from './names.ts';

const port = named('ServiceImportPort', {
  name: string(dnsLabel),
  port: required(integer({ minimum: 1, maximum: 65_535 })),
  protocol: withDefault(oneOf(['TCP', 'UDP', 'SCTP']), 'TCP'),
  appProtocol: string(),
});

/**
 * ServiceImport, multicluster.x-k8s.io (KEP-1645): a Service of other clusters, whose addresses are in the EndpointSlices with
 * the label `multicluster.kubernetes.io/service-name`.
 */
export const serviceImport = defineKind({
  group: 'multicluster.x-k8s.io',
  kind: 'ServiceImport',
  plural: 'serviceimports',
  shortNames: ['svcim'],
  storageVersion: 'v1alpha1',
  body: nullIsAbsent({
    spec: required(
      named('ServiceImportSpec', {
        type: required(oneOf(['ClusterSetIP', 'Headless'])),
        ports: required(array(port)),
        ips: array(string(), { maxItems: 2 }),
        ipFamilies: array(oneOf(['IPv4', 'IPv6']), { maxItems: 2, set: true }),
        sessionAffinity: oneOf(['ClientIP', 'None']),
        sessionAffinityConfig: json({ object: true }),
        internalTrafficPolicy: oneOf(['Cluster', 'Local']),
        trafficDistribution: string(),
      }),
    ),
    status: json({ object: true }),
  }),
});
