import { type Document, ENVOY_GATEWAY, GATEWAY_API } from './choices.ts';
import { KEY_SET } from './policy-documents.ts';
import { FIRST_PAIR } from './secret-documents.ts';

const all = { allowedRoutes: { namespaces: { from: 'All' } } };

/** What every generated world begins with, so that most of what follows has an effect. */
export const BEGINNING: readonly Document[] = [
  object(GATEWAY_API, 'GatewayClass', 'c1', {
    spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
  }),
  object(GATEWAY_API, 'Gateway', 'g1', {
    spec: {
      gatewayClassName: 'c1',
      listeners: [
        { name: 'http', protocol: 'HTTP', port: 8080, ...all },
        { name: 'narrow', protocol: 'HTTP', port: 8080, hostname: '*.example.com' },
      ],
    },
  }),
  object(GATEWAY_API, 'Gateway', 'g2', {
    spec: {
      gatewayClassName: 'c1',
      listeners: [
        { name: 'http', protocol: 'HTTP', port: 8081, ...all },
        { name: 'https', protocol: 'HTTPS', port: 8443, ...all, tls: { certificateRefs: [{ name: 'secret1' }] } },
      ],
    },
  }),
  object(GATEWAY_API, 'HTTPRoute', 'r1', {
    spec: {
      parentRefs: [{ name: 'g1' }, { name: 'g2' }],
      rules: [{ name: 'first', backendRefs: [{ name: 's1', port: 80 }] }],
    },
  }),
  object('v1', 'Secret', 'secret1', { type: 'kubernetes.io/tls', stringData: FIRST_PAIR }),
  object('v1', 'ConfigMap', 'k1', { data: { jwks: KEY_SET } }),
  ...['s1', 's2'].flatMap((name) => [
    object('v1', 'Service', name, {
      spec: {
        ports: [
          { name: 'http', port: 80 },
          { name: 'grpc', port: 81 },
        ],
      },
    }),
    {
      ...object('discovery.k8s.io/v1', 'EndpointSlice', `slice-of-${name}`, {
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.9'] }],
        ports: [{ name: 'http', port: 3000 }],
      }),
      metadata: { name: `slice-of-${name}`, namespace: 'a', labels: { 'kubernetes.io/service-name': name } },
    },
  ]),
  ...['b1', 'b2', 'b3'].map((name) =>
    object(ENVOY_GATEWAY, 'Backend', name, { spec: { endpoints: [{ ip: { address: '127.0.0.1', port: 9 } }] } }),
  ),
];

function object(apiVersion: string, kind: string, name: string, rest: object): Document {
  return { apiVersion, kind, metadata: kind === 'GatewayClass' ? { name } : { name, namespace: 'a' }, ...rest };
}
