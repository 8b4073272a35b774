import { defineKind } from '../kind.ts';
import { preciseHostname } from '../kubernetes/names.ts';
import { array, boolean, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { conditions } from '../gateway-api/status.ts';
import { backendTlsFields, backendTlsRules } from './backend-tls.ts';

const port = required(integer({ minimum: 0, maximum: 65_535 }));

const endpoint = named(
  'BackendEndpoint',
  {
    hostname: string(preciseHostname),
    fqdn: named('FQDNEndpoint', {
      hostname: required(
        string({
          ...preciseHostname,
          pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\.?$',
        }),
      ),
      port,
    }),
    ip: named('IPEndpoint', { address: required(string({ format: 'ip' })), port }),
    unix: named('UnixSocket', {
      path: required(
        string({
          minLength: 1,
          description: 'The path of a socket on the proxy.',
          // sun_path is 108 bytes on Linux (unix(7)).
          rules: [{ rule: 'size(self) <= 108', message: 'must have at most 108 characters' }],
        }),
      ),
    }),
    zone: string(),
  },
  {
    rules: [
      {
        rule: '[has(self.fqdn), has(self.ip), has(self.unix)].filter(present, present).size() == 1',
        message: 'must have exactly one of fqdn, ip and unix',
      },
    ],
  },
);

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
