import { defineKind } from '../kind.ts';
import { apiGroup, apiKind, labelValue, objectName, qualifiedName } from '../kubernetes/names.ts';
import { array, integer, map, named, oneOf, required, string, withDefault } from '../schema.ts';
import { listenerFields, listenerRules, listenerStatus } from './listener.ts';
import { objectReference, portNumber, secretObjectReference } from './references.ts';
import { labelSelector } from './selectors.ts';
import { conditions } from './status.ts';

const addressType = string({
  minLength: 1,
  maxLength: 253,
  pattern:
    "^(Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+)$",
  patternHint: 'IPAddress, Hostname, NamedAddress or a domain-prefixed name',
});

const addressRules = [
  {
    rule: "self.type != 'IPAddress' || !has(self.value) || self.value == '' || isIP(self.value)",
    message: 'must be an IPv4 or IPv6 address when type is IPAddress',
    fieldPath: ['value'],
  },
  {
    rule: "self.type != 'Hostname' || !has(self.value) || self.value.matches('^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
    message: 'must be a lower-case DNS name when type is Hostname',
    fieldPath: ['value'],
  },
];

const validation = named('FrontendTLSValidation', {
  caCertificateRefs: required(array(objectReference, { minItems: 1, maxItems: 16 })),
  mode: withDefault(oneOf(['AllowValidOnly', 'AllowInsecureFallback']), 'AllowValidOnly'),
});

const frontendTls = named('FrontendTLSConfig', {
  default: required(named('TLSConfig', { validation })),
  perPort: array(
    named('TLSPortConfig', { port: required(portNumber), tls: required(named('TLSConfig', { validation })) }),
    { maxItems: 64, mapKeys: ['port'] },
  ),
});

const infrastructure = named('GatewayInfrastructure', {
  labels: map(string(labelValue), { maxProperties: 8, keyPattern: qualifiedName }),
  annotations: map(string({ maxLength: 4096 }), { maxProperties: 16, keyPattern: qualifiedName }),
  parametersRef: named('LocalParametersReference', {
    group: required(string(apiGroup)),
    kind: required(string(apiKind)),
    name: required(string(objectName)),
  }),
});

const spec = named('GatewaySpec', {
  gatewayClassName: required(string(objectName)),
  listeners: required(
    array(named('Listener', listenerFields), { minItems: 1, maxItems: 64, mapKeys: ['name'], rules: listenerRules }),
  ),
  addresses: array(
    named(
      'GatewaySpecAddress',
      { type: withDefault(addressType, 'IPAddress'), value: string({ maxLength: 253 }) },
      { rules: addressRules },
    ),
    {
      maxItems: 16,
      rules: [
        {
          rule: "self.all(a, !(a.type in ['IPAddress', 'Hostname']) || !has(a.value) || self.exists_one(b, a.type == b.type && has(b.value) && a.value == b.value))",
          message: 'must not name the same address twice',
        },
      ],
    },
  ),
  infrastructure,
  allowedListeners: named('AllowedListeners', {
    namespaces: withDefault(
      named('ListenerNamespaces', {
        from: withDefault(oneOf(['All', 'Selector', 'Same', 'None']), 'None'),
        selector: labelSelector,
      }),
      { from: 'None' },
    ),
  }),
  tls: named('GatewayTLSConfig', {
    backend: named('GatewayBackendTLS', { clientCertificateRef: secretObjectReference }),
    frontend: frontendTls,
  }),
  defaultScope: oneOf(['All', 'None']),
});

const status = named('GatewayStatus', {
  addresses: array(
    named(
      'GatewayStatusAddress',
      { type: withDefault(addressType, 'IPAddress'), value: required(string({ minLength: 1, maxLength: 253 })) },
      { rules: addressRules },
    ),
    { maxItems: 16 },
  ),
  conditions,
  listeners: array(listenerStatus, { maxItems: 64, mapKeys: ['name'] }),
  attachedListenerSets: integer(),
});

/** Gateway: addresses and listeners that routes attach to. */
export const gateway = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'Gateway',
  plural: 'gateways',
  shortNames: ['gtw'],
  categories: ['gateway-api'],
  storageVersion: 'v1',
  oldVersions: ['v1beta1', 'v1alpha2'],
  body: { spec: required(spec), status },
});
