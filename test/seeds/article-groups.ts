import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { converse } from '../envoy/grpc-echo.ts';
import type { SeedGroup } from './group.ts';

const GATEWAY_STATUS = [
  'GatewayClass eg: Accepted',
  'EnvoyProxy envoy-gateway-system/custom-proxy-config at eg: Accepted',
  'Gateway envoy-gateway-system/eg: Accepted, Programmed',
  'Gateway envoy-gateway-system/eg listener https: Accepted, ResolvedRefs, Programmed',
];
const CERTIFICATE = { 'envoy-gateway-system/tls-certificate': 'api.mydomain.tld' };
const DEPLOYMENT = ['003-02:18:1', /Deployment of apps is not used and is ignored/u] as const;

const REFLECTION = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo';

/** What the fragment of a GRPCRoute is one of. */
const GRPC_ROUTE = `apiVersion: gateway.networking.k8s.io/v1alpha2
kind: GRPCRoute
metadata: { name: grpc-api, namespace: myproject }
spec:
  parentRefs: [{ name: eg, namespace: envoy-gateway-system }]
  hostnames: [grpc-api.mydomain.tld]
`;

/** The groups of the article on installation (002) and of the k3s blog (003). */
export const ARTICLE_GROUPS: readonly SeedGroup[] = [
  {
    name: '002: objects of MetalLB are not ours: a warning each',
    files: ['002-01'],
    problems: [
      ['002-01:2:1', /IPAddressPool of metallb.io is not used and is ignored/u],
      ['002-01:12:1', /L2Advertisement of metallb.io is not used and is ignored/u],
    ],
    status: [],
  },
  {
    name: '002: a shell script is no YAML',
    files: ['002-02'],
    problems: [['002-02:1:1', /invalid YAML: /u]],
    status: [],
  },
  {
    name: '003: a class of v1beta1, HTTPS, and routes by prefix and by regular expression',
    files: ['003-01', '003-02', '003-03', '003-04'],
    extra: `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: backend, namespace: myproject, labels: { kubernetes.io/service-name: backend } }
addressType: IPv4
endpoints: []
ports: [{ name: http, port: 9 }]
`,
    services: ['myproject/user-send:8080'],
    certificates: CERTIFICATE,
    problems: [DEPLOYMENT],
    status: [
      ...GATEWAY_STATUS,
      'HTTPRoute myproject/api-routes at eg: Accepted, ResolvedRefs',
      'HTTPRoute myproject/backend-routes at eg: Accepted, ResolvedRefs, !BackendsAvailable(EndpointsNotFound)',
    ],
    live: async ({ ask }) => {
      const asked = (path: string) => ask({ port: 443, host: 'api.mydomain.tld', path, tls: true });
      const uuid = '3f2c8a60-1b2d-4c3e-9f00-0123456789ab';
      expect(await asked(`/user/${uuid}/send`)).toMatchObject({ status: 200, backend: 'myproject/user-send:8080' });
      // The prefix "/" of the other route has the rest; its back-end has no endpoint.
      expect(await asked('/user/42/send')).toMatchObject({ status: 503 });
      expect(await asked(`/user/${uuid}/send/more`)).toMatchObject({ status: 503 });
      expect(await asked(`/before/user/${uuid}/send`)).toMatchObject({ status: 503 });
      expect(await asked(`/user/${uuid.replace('-4', '-5')}/send`)).toMatchObject({ status: 503 });
    },
  },
  {
    name: '003: a regular expression matches the whole path, and nothing else is served',
    files: ['003-01', '003-04'],
    services: ['myproject/user-send:8080'],
    certificates: CERTIFICATE,
    status: [...GATEWAY_STATUS, 'HTTPRoute myproject/api-routes at eg: Accepted, ResolvedRefs'],
    live: async ({ ask }) => {
      const path = '/user/3f2c8a60-1b2d-4c3e-9f00-0123456789ab/send';
      expect(await ask({ port: 443, host: 'api.mydomain.tld', path, tls: true })).toMatchObject({ status: 200 });
      expect(await ask({ port: 443, host: 'api.mydomain.tld', path: `${path}x`, tls: true })).toMatchObject({
        status: 404,
      });
    },
  },
  {
    name: '003: a GRPCRoute of v1alpha2 is one of v1',
    files: ['003-01', '003-05'],
    grpcServices: { 'myproject/grpc-api:9000': [REFLECTION] },
    certificates: CERTIFICATE,
    status: [...GATEWAY_STATUS, 'GRPCRoute myproject/grpc-api at eg: Accepted, ResolvedRefs'],
    live: async ({ portOf }) => {
      const answers = ['myproject/grpc-api:9000: list'];
      const host = 'grpc-api.mydomain.tld';
      expect(await converse(portOf(443), REFLECTION, ['list'], { host, tls: true })).toEqual({
        answers,
        code: status.OK,
      });
      const other = await converse(portOf(443), REFLECTION, ['list'], { host: 'other.mydomain.tld', tls: true });
      expect(other).toEqual({ answers: [], code: status.UNIMPLEMENTED });
    },
  },
  {
    name: '003: a fragment of a GRPCRoute is no object',
    files: ['003-06'],
    problems: [['003-06:1:3', /must be a Kubernetes object: apiVersion is missing \(found rules\)/u]],
    status: [],
  },
  {
    name: '003: the fragment in the GRPCRoute lets reflection through, and nothing else',
    files: ['003-01'],
    corrected: { '003-06': (text) => `${GRPC_ROUTE}${text}\n      backendRefs: [{ name: grpc-api, port: 9000 }]\n` },
    grpcServices: { 'myproject/grpc-api:9000': [REFLECTION, '/shop.Cart/Watch'] },
    certificates: CERTIFICATE,
    status: [...GATEWAY_STATUS, 'GRPCRoute myproject/grpc-api at eg: Accepted, ResolvedRefs'],
    live: async ({ portOf }) => {
      const at = { host: 'grpc-api.mydomain.tld', tls: true };
      const answers = ['myproject/grpc-api:9000: list'];
      expect(await converse(portOf(443), REFLECTION, ['list'], at)).toEqual({ answers, code: status.OK });
      const other = await converse(portOf(443), '/shop.Cart/Watch', ['x'], at);
      expect(other).toEqual({ answers: [], code: status.UNIMPLEMENTED });
    },
  },
  {
    name: '003: a SecurityPolicy does not reach into another namespace',
    files: ['003-01', '003-04', '003-07'],
    services: ['myproject/user-send:8080'],
    certificates: CERTIFICATE,
    status: [
      ...GATEWAY_STATUS,
      'HTTPRoute myproject/api-routes at eg: Accepted, ResolvedRefs',
      'SecurityPolicy envoy-gateway-system/backend-api-closed at api-routes: !Accepted(TargetNotFound)',
    ],
    says: [/HTTPRoute envoy-gateway-system\/api-routes does not exist/u],
    live: async ({ ask }) => {
      const path = '/user/3f2c8a60-1b2d-4c3e-9f00-0123456789ab/send';
      expect(await ask({ port: 443, host: 'api.mydomain.tld', path, tls: true })).toMatchObject({ status: 200 });
    },
  },
  {
    name: '003: a SecurityPolicy with a remote key set guards a route of its own namespace (remote-key-set.test.ts runs it)',
    files: ['003-01', '003-07'],
    extra: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: api-routes, namespace: envoy-gateway-system }
spec:
  parentRefs: [{ name: eg }]
  rules: [{ backendRefs: [{ name: api, port: 80 }] }]
`,
    services: ['envoy-gateway-system/api:80'],
    certificates: CERTIFICATE,
    status: [
      ...GATEWAY_STATUS,
      'HTTPRoute envoy-gateway-system/api-routes at eg: Accepted, ResolvedRefs',
      'SecurityPolicy envoy-gateway-system/backend-api-closed at eg: Accepted, Warning',
    ],
  },
  {
    name: '003: an EnvoyPatchPolicy whose targetRef has a namespace is refused',
    files: ['003-08'],
    problems: [['003-08:11:5', /spec\.targetRef\.namespace: unknown field \(accepted here: group, kind, name\)/u]],
    status: [],
  },
  {
    name: '003: an EnvoyProxy that is no YAML makes the class that names it invalid',
    files: ['003-09'],
    extra: `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: eg }
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
  parametersRef:
    { group: gateway.envoyproxy.io, kind: EnvoyProxy, name: custom-proxy-config, namespace: envoy-gateway-system }
`,
    problems: [['003-09:12:1', /invalid YAML: .* \(the line begins with a tab; YAML is indented with blanks\)/u]],
    status: ['GatewayClass eg: !Accepted(InvalidParameters)'],
    says: [/EnvoyProxy envoy-gateway-system\/custom-proxy-config does not exist/u],
  },
  {
    name: '003: a second class of the same controller, with a Gateway at an address of its own',
    files: ['003-10'],
    extra: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: any, namespace: myproject }
spec:
  parentRefs: [{ name: eg-internal, namespace: envoy-gateway-system }]
  rules: [{ backendRefs: [{ name: backend, port: 3000 }] }]
`,
    services: ['myproject/backend:3000'],
    status: [
      'GatewayClass eg-internal: Accepted',
      'EnvoyProxy envoy-gateway-system/proxy-config-internal at eg-internal: Accepted',
      'Gateway envoy-gateway-system/eg-internal: Accepted, Programmed',
      'Gateway envoy-gateway-system/eg-internal listener http: Accepted, ResolvedRefs, Programmed',
      'HTTPRoute myproject/any at eg-internal: Accepted, ResolvedRefs',
    ],
    live: async ({ ask }) => {
      expect(await ask({ port: 80, host: 'any' })).toMatchObject({ status: 200, backend: 'myproject/backend:3000' });
    },
  },
  {
    name: '003: an EnvoyProxy of the old group is an unknown kind',
    files: ['003-11'],
    problems: [['003-11:2:1', /unknown kind EnvoyProxy .*EnvoyProxy is in gateway\.envoyproxy\.io\/v1alpha1/u]],
    status: [],
  },
  {
    name: '003: annotations that begin with tabs are no YAML',
    files: ['003-12'],
    problems: [['003-12:2:1', /invalid YAML: tabs are not allowed as indentation/u]],
    status: [],
  },
  {
    name: '003: a Service of type ExternalName is no back-end',
    files: ['003-01', '003-13'],
    extra: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: external, namespace: myproject }
spec:
  parentRefs: [{ name: eg, namespace: envoy-gateway-system }]
  rules: [{ backendRefs: [{ name: myapi, port: 80 }] }]
`,
    certificates: CERTIFICATE,
    status: [...GATEWAY_STATUS, 'HTTPRoute myproject/external at eg: Accepted, !ResolvedRefs(UnsupportedValue)'],
    says: [/Service myproject\/myapi: spec\.type: found ExternalName/u],
    live: async ({ ask }) => {
      expect(await ask({ port: 443, host: 'api.mydomain.tld', tls: true })).toMatchObject({ status: 500 });
    },
  },
  {
    name: '003: a host name as Services have them',
    files: ['003-01', '003-14'],
    services: ['myproject/backend:3000'],
    certificates: CERTIFICATE,
    status: [...GATEWAY_STATUS, 'HTTPRoute myproject/backend-internal-routes at eg: Accepted, ResolvedRefs'],
    live: async ({ ask }) => {
      expect(await ask({ port: 443, host: 'myapi.myproject.svc.cluster.local', tls: true })).toMatchObject({
        status: 200,
        backend: 'myproject/backend:3000',
      });
    },
  },
];
