import type { Pair } from './authority.ts';

/** Writes an object as a document of JSON, which is YAML. */
export function object(kind: string, name: string, content: object): string {
  const group = ENVOY_GATEWAY.includes(kind) ? 'gateway.envoyproxy.io/v1alpha1' : 'gateway.networking.k8s.io/v1';
  const apiVersion = CORE.includes(kind) ? 'v1' : kind === 'EndpointSlice' ? 'discovery.k8s.io/v1' : group;
  return `---\n${JSON.stringify({ apiVersion, kind, metadata: { name }, ...content })}\n`;
}

const CORE: readonly string[] = ['Secret', 'ConfigMap', 'Service'];
const ENVOY_GATEWAY: readonly string[] = [
  'Backend',
  'EnvoyProxy',
  'ClientTrafficPolicy',
  'BackendTrafficPolicy',
  'EnvoyPatchPolicy',
];

/** The class of Gateways. */
export const CLASS = object('GatewayClass', 'sluice', {
  spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
});

/** A Secret of type kubernetes.io/tls. */
export function tlsSecret(name: string, { certificate, key }: Pair): string {
  return object('Secret', name, {
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': certificate, 'tls.key': key },
  });
}

/** A ConfigMap of authorities. */
export function authorities(name: string, ...certificates: readonly string[]): string {
  return object('ConfigMap', name, { data: { 'ca.crt': certificates.join('\n') } });
}

/** A Service with one port, and its endpoint on loopback. */
export function service(name: string, port: number, appProtocol?: string): string {
  const named = { name: 'https', port: 443, ...(appProtocol === undefined ? {} : { appProtocol }) };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'https', port }],
  };
  return `${object('Service', name, { spec: { ports: [named] } })}---\n${JSON.stringify(slice)}\n`;
}

/** An HTTPRoute from a path to a back-end, by its own name. */
export function pathRoute(name: string, backendRef: object, gateway = 'shop'): string {
  return object('HTTPRoute', name, {
    spec: {
      parentRefs: [{ name: gateway }],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: `/${name}` } }], backendRefs: [backendRef] }],
    },
  });
}
