import { defineKind } from '../kind.ts';
import { array, boolean, named, oneOf, required, withDefault } from '../schema.ts';
import { endpointFields } from './endpoint.ts';
import { conditions } from '../gateway-api/status.ts';
import { backendTlsFields, backendTlsRules } from './backend-tls.ts';

const endpoint = named('BackendEndpoint', endpointFields, {
  rules: [
    {
      rule: '[has(self.fqdn), has(self.ip), has(self.unix)].filter(present, present).size() == 1',
      message: 'must have exactly one of fqdn, ip and unix',
    },
  ],
});

const spec = named(
  'BackendSpec',
  {
    type: withDefault(oneOf(['Endpoints', 'DynamicResolver']), 'Endpoints'),
    endpoints: array(endpoint, {
      minItems: 1,
      maxItems: 256,
      rules: [
        {
          rule: 'self.all(e, has(e.fqdn)) || !self.exists(e, has(e.fqdn))',
          message: 'must not mix fqdn with ip or unix',
        },
      ],
    }),
    appProtocols: array(oneOf(['gateway.envoyproxy.io/h2c', 'gateway.envoyproxy.io/ws', 'gateway.envoyproxy.io/wss'])),
    fallback: boolean({ description: 'Used only when the other back-ends of its rule are unhealthy.' }),
    tls: named('BackendTLSSettings', backendTlsFields, { rules: backendTlsRules }),
  },
  {
    rules: [
      {
        rule: "self.type != 'DynamicResolver' || !has(self.endpoints)",
        message: 'must be absent when type is DynamicResolver',
        fieldPath: ['endpoints'],
      },
      {
        rule: "self.type != 'DynamicResolver' || !has(self.tls) || !has(self.tls.autoSNIFromEndpointHostname) || !self.tls.autoSNIFromEndpointHostname",
        message: 'must not have autoSNIFromEndpointHostname when type is DynamicResolver',
        fieldPath: ['tls'],
      },
      {
        rule: '!has(self.tls) || !has(self.tls.autoSNIFromEndpointHostname) || !self.tls.autoSNIFromEndpointHostname || !has(self.endpoints) || self.endpoints.all(e, has(e.fqdn) || has(e.hostname))',
        message: 'must all have a hostname when tls.autoSNIFromEndpointHostname is true',
        fieldPath: ['endpoints'],
      },
    ],
  },
);

/** Backend: endpoints that are no Kubernetes Service. */
export const backend = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'Backend',
  plural: 'backends',
  shortNames: ['be'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: required(spec), status: named('BackendStatus', { conditions }) },
});
