/** One object of every kind whose status is written, all of one Gateway, and what they refer to. */
import { selfSigned } from '../seeds/self-signed.ts';
import type { GatewaySite } from './gateway-site.ts';

const GATEWAY_API = 'gateway.networking.k8s.io';
const OUR_GROUP = 'gateway.envoyproxy.io';

/** The name of them all. */
export const EVERY = 'every';
const REFERRED = 'every-referred';

/** The objects as YAML; the proxy of the Gateway is as an EnvoyProxy of their name says. */
export function everyKind({ app, gatewayClass }: GatewaySite): string {
  const metadata = { name: EVERY, namespace: app };
  const object = (apiVersion: string, kind: string, fields: object): string =>
    JSON.stringify({ apiVersion, kind, metadata, ...fields });
  // Beside the objects of a proxy, which may have the name of its Gateway.
  const referred = (kind: string, fields: object): string =>
    JSON.stringify({ apiVersion: 'v1', kind, metadata: { ...metadata, name: REFERRED }, ...fields });
  const gatewayApi = (kind: string, spec: object): string => object(`${GATEWAY_API}/v1`, kind, { spec });
  const own = (kind: string, spec: object): string => object(`${OUR_GROUP}/v1alpha1`, kind, { spec });
  const listener = (name: string, port: number, protocol: string, more: object = {}) => ({
    name,
    port,
    protocol,
    ...more,
  });
  const parent = (sectionName: string) => ({ parentRefs: [{ name: EVERY, sectionName }] });
  const toEcho = { rules: [{ backendRefs: [{ name: 'echo', port: 80 }] }] };
  const certificateRefs = [{ name: REFERRED }];
  const target = (kind: string) => ({ targetRefs: [{ group: GATEWAY_API, kind, name: EVERY }] });
  const pair = selfSigned('every.example');
  return [
    referred('Secret', { type: 'kubernetes.io/tls', stringData: pair }),
    referred('Service', { spec: { ports: [{ port: 80 }] } }),
    referred('ConfigMap', { data: { 'ca.crt': pair['tls.crt'] } }),
    gatewayApi('Gateway', {
      gatewayClassName: gatewayClass,
      infrastructure: { parametersRef: { group: OUR_GROUP, kind: 'EnvoyProxy', name: EVERY } },
      allowedListeners: { namespaces: { from: 'Same' } },
      listeners: [
        listener('http', 80, 'HTTP'),
        listener('https', 443, 'HTTPS', { tls: { certificateRefs } }),
        listener('tls', 8_443, 'TLS', { hostname: 'through.example', tls: { mode: 'Passthrough' } }),
        listener('tcp', 9_000, 'TCP'),
        listener('udp', 5_300, 'UDP'),
      ],
    }),
    gatewayApi('ListenerSet', { parentRef: { name: EVERY }, listeners: [listener('more', 8_081, 'HTTP')] }),
    gatewayApi('HTTPRoute', { ...parent('http'), ...toEcho }),
    gatewayApi('GRPCRoute', { ...parent('https'), rules: [{ backendRefs: [{ name: REFERRED, port: 80 }] }] }),
    gatewayApi('TLSRoute', { ...parent('tls'), hostnames: ['through.example'], ...toEcho }),
    gatewayApi('TCPRoute', { ...parent('tcp'), ...toEcho }),
    gatewayApi('UDPRoute', { ...parent('udp'), ...toEcho }),
    gatewayApi('BackendTLSPolicy', {
      targetRefs: [{ group: '', kind: 'Service', name: REFERRED }],
      validation: { hostname: 'echo.example', caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: REFERRED }] },
    }),
    own('ClientTrafficPolicy', { ...target('Gateway'), timeout: { http: { requestReceivedTimeout: '30s' } } }),
    own('BackendTrafficPolicy', { ...target('HTTPRoute'), retry: { numRetries: 1 } }),
    own('SecurityPolicy', { ...target('HTTPRoute'), cors: { allowOrigins: ['https://every.example'] } }),
    own('EnvoyExtensionPolicy', {
      ...target('HTTPRoute'),
      lua: [{ type: 'Inline', inline: 'function envoy_on_request(h) end' }],
    }),
    own('EnvoyPatchPolicy', {
      targetRef: { group: GATEWAY_API, kind: 'Gateway', name: EVERY },
      type: 'JSONPatch',
      jsonPatches: [
        {
          type: 'type.googleapis.com/envoy.config.listener.v3.Listener',
          name: `${app}/${EVERY}/http`,
          operation: { op: 'add', path: '/stat_prefix', value: 'every' },
        },
      ],
    }),
    own('Backend', { endpoints: [{ fqdn: { hostname: 'elsewhere.example', port: 80 } }] }),
  ].join('\n---\n');
}

/** A definition of ServiceImports (KEP-1645), which no cluster has from the start, and one of them. */
export function serviceImports(namespace: string): { readonly definition: string; readonly object: string } {
  const group = 'multicluster.x-k8s.io';
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const properties = { spec: open, status: open };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `serviceimports.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/enhancements/pull/1748' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'ServiceImport', plural: 'serviceimports', singular: 'serviceimport' },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties } },
        },
      ],
    },
  };
  const object = {
    apiVersion: `${group}/v1alpha1`,
    kind: 'ServiceImport',
    metadata: { name: EVERY, namespace },
    spec: { type: 'ClusterSetIP', ports: [{ port: 80 }] },
  };
  return { definition: JSON.stringify(definition), object: JSON.stringify(object) };
}
