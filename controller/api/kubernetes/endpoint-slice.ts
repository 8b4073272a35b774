import { defineKind } from '../kind.ts';
import { array, boolean, integer, map, named, oneOf, required, string, withDefault } from '../schema.ts';
import { nullIsAbsent } from './null-is-absent.ts';

const hint = named('EndpointHint', { name: required(string()) });

const objectReference = named('EndpointTargetReference', {
  apiVersion: string(),
  kind: string(),
  namespace: string(),
  name: string(),
  uid: string(),
  resourceVersion: string(),
  fieldPath: string(),
});

const endpoint = named('Endpoint', {
  addresses: required(array(string(), { minItems: 1, maxItems: 100, set: true })),
  conditions: withDefault(
    named('EndpointConditions', {
      ready: boolean({ description: 'Absent means ready.' }),
      serving: boolean(),
      terminating: boolean(),
    }),
    {},
  ),
  hostname: string(),
  nodeName: string(),
  zone: string(),
  hints: named('EndpointHints', { forZones: array(hint), forNodes: array(hint) }),
  targetRef: objectReference,
  deprecatedTopology: map(string()),
});

/** EndpointSlice, discovery.k8s.io/v1: addresses of a Service, which its label `kubernetes.io/service-name` names. */
export const endpointSlice = defineKind({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  storageVersion: 'v1',
  body: nullIsAbsent({
    addressType: required(oneOf(['IPv4', 'IPv6', 'FQDN'])),
    endpoints: withDefault(array(endpoint, { maxItems: 1000 }), []),
    ports: withDefault(
      array(
        named('EndpointPort', {
          name: withDefault(string(), ''),
          protocol: withDefault(oneOf(['TCP', 'UDP', 'SCTP']), 'TCP'),
          port: integer({ minimum: 1, maximum: 65_535 }),
          appProtocol: string(),
        }),
        { maxItems: 100 },
      ),
      [],
    ),
  }),
});
