import { defineKind } from '../kind.ts';
import { apiGroup, apiKind, dnsLabel, domainPrefixedPath, objectName } from '../kubernetes/names.ts';
import { array, named, required, string } from '../schema.ts';
import { conditions } from './status.ts';

/** GatewayClass: which controller serves the Gateways that name it, and with which parameters. */
export const gatewayClass = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'GatewayClass',
  plural: 'gatewayclasses',
  shortNames: ['gc'],
  categories: ['gateway-api'],
  scope: 'Cluster',
  storageVersion: 'v1',
  oldVersions: ['v1beta1', 'v1alpha2'],
  body: {
    spec: required(
      named('GatewayClassSpec', {
        controllerName: required(string(domainPrefixedPath)),
        parametersRef: named('ParametersReference', {
          group: required(string(apiGroup)),
          kind: required(string(apiKind)),
          name: required(string(objectName)),
          namespace: string(dnsLabel),
        }),
        description: string({ maxLength: 64 }),
      }),
    ),
    status: named('GatewayClassStatus', {
      conditions,
      supportedFeatures: array(named('SupportedFeature', { name: required(string()) }), {
        maxItems: 64,
        mapKeys: ['name'],
      }),
    }),
  },
});
