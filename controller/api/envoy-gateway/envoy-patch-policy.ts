import { localObjectReference } from '../gateway-api/references.ts';
import { policyStatus } from '../gateway-api/status.ts';
import { defineKind } from '../kind.ts';
import { array, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { jsonPatchOperation } from './json-patch.ts';

const resourceTypes = [
  'type.googleapis.com/envoy.config.listener.v3.Listener',
  'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret',
];

/** EnvoyPatchPolicy: changes to the xDS resources of a Gateway, last of all. */
export const envoyPatchPolicy = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'EnvoyPatchPolicy',
  plural: 'envoypatchpolicies',
  shortNames: ['epp'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: {
    spec: required(
      named('EnvoyPatchPolicySpec', {
        type: required(oneOf(['JSONPatch'])),
        jsonPatches: array(
          named('EnvoyJSONPatchConfig', {
            type: required(oneOf(resourceTypes)),
            name: required(string()),
            operation: required(jsonPatchOperation),
          }),
        ),
        targetRef: required(localObjectReference),
        priority: withDefault(integer({ description: 'Lower comes first.' }), 0),
      }),
    ),
    status: policyStatus,
  },
});
