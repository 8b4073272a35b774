import { expect } from 'vitest';
import type { SeedGroup } from './group.ts';

const CONTROLLER = 'gateway.envoyproxy.io/gatewayclass-controller';
const INTERNET = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: internet }
spec: { controllerName: ${CONTROLLER} }
`;
const EG = INTERNET.replace('internet', 'eg');
const PLAIN_GATEWAY = [
  'GatewayClass internet: Accepted',
  'Gateway default/eg: Accepted, Programmed',
  'Gateway default/eg listener http: Accepted, ResolvedRefs, Programmed',
];
const FOO = ['default/foo-svc:8080'];

/** The slides on the class and its EnvoyProxy, and on the Gateway of a store: each is there twice. */
const store = (gateway: string, route: string): SeedGroup => ({
  name: `004: HTTPS for one host name, and a route by prefix (${gateway}, ${route})`,
  files: [gateway, route],
  extra: EG,
  services: ['default/store-service:3000'],
  certificates: { 'default/server-cert': 'foo.example.com' },
  status: [
    'GatewayClass eg: Accepted',
    'Gateway default/foo-gateway: Accepted, Programmed',
    'Gateway default/foo-gateway listener https: Accepted, ResolvedRefs, Programmed',
    'HTTPRoute default/store-route at foo-gateway: Accepted, ResolvedRefs',
  ],
  live: async ({ ask }) => {
    const asked = (path: string, host = 'foo.example.com') => ask({ port: 443, host, path, tls: true });
    expect(await asked('/store')).toMatchObject({ status: 200, backend: 'default/store-service:3000' });
    expect(await asked('/store/shelf')).toMatchObject({ status: 200 });
    expect(await asked('/storefront')).toMatchObject({ status: 404 });
    await expect(asked('/store', 'other.example.com')).rejects.toThrow(/ECONNRESET|socket disconnected|hang up/u);
  },
});

const tracing = (file: string): SeedGroup => ({
  name: `004: a class whose EnvoyProxy asks for tracing, which is not implemented yet, names it (${file})`,
  files: [file, '004-03'],
  status: [
    'GatewayClass eg: !Accepted(InvalidParameters)',
    'EnvoyProxy envoy-gateway-system/config at eg: !Accepted(InvalidParameters)',
  ],
  says: [/EnvoyProxy envoy-gateway-system\/config: spec\.telemetry.*not implemented/u],
});

const fooRoute = (gateway: string, route: string): SeedGroup => ({
  name: `004: a route of a Gateway (${gateway}, ${route})`,
  files: [gateway, route],
  extra: INTERNET,
  services: FOO,
  status: [...PLAIN_GATEWAY, 'HTTPRoute default/http-route at eg: Accepted, ResolvedRefs'],
  live: async ({ ask }) => {
    expect(await ask({ port: 80, host: 'foo.bar.com' })).toMatchObject({
      status: 200,
      backend: 'default/foo-svc:8080',
    });
    expect(await ask({ port: 80, host: 'bar.foo.com' })).toMatchObject({ status: 404 });
  },
});

/** A route as the slides on EnvoyExtensionPolicy take it for granted. */
const routeOf = (name: string): string => `${INTERNET}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: eg }]
  rules: [{ backendRefs: [{ name: foo-svc, port: 8080 }] }]
`;

const answers500 = (host: string): NonNullable<SeedGroup['live']> => {
  return async ({ ask }) => {
    expect(await ask({ port: 80, host })).toMatchObject({ status: 500, backend: undefined });
  };
};

/** The groups of the slides of the conference (004). */
export const SLIDE_GROUPS: readonly SeedGroup[] = [
  {
    name: '004: an Ingress is not ours: a warning',
    files: ['004-01'],
    problems: [['004-01:2:1', /Ingress of extensions is not used and is ignored/u]],
    status: [],
  },
  tracing('004-02'),
  tracing('004-06'),
  store('004-04', '004-05'),
  store('004-07', '004-08'),
  {
    name: '004: a policy of client traffic for a Gateway, and one that asks clients of a listener for certificates',
    files: ['004-09', '004-10', '004-11'],
    extra: INTERNET,
    certificates: { 'default/server-cert': 'foo.bar.com', 'default/client-ca': 'client-ca' },
    status: [
      ...PLAIN_GATEWAY,
      'Gateway default/eg listener https: Accepted, ResolvedRefs, Programmed',
      'ClientTrafficPolicy default/client-traffic-policy-gateway at eg: Accepted, Overridden',
      'ClientTrafficPolicy default/client-traffic-policy-https-listener at eg/https: Accepted',
    ],
  },
  fooRoute('004-12', '004-13'),
  fooRoute('004-15', '004-16'),
  {
    name: '004: a BackendTrafficPolicy that is indented wrongly is no YAML',
    files: ['004-12', '004-13', '004-14'],
    extra: INTERNET,
    services: FOO,
    problems: [['004-14:18:1', /invalid YAML: all mapping items must start at the same column/u]],
    status: [...PLAIN_GATEWAY, 'HTTPRoute default/http-route at eg: Accepted, ResolvedRefs'],
  },
  {
    name: '004: the same, indented rightly: a limit for every user, and back-ends by the address of the client',
    files: ['004-12', '004-13'],
    corrected: { '004-14': (text) => text.replace(/^ {2}( {10}limit:\n) {2}(.*\n) {2}(.*\n)/mu, '$1$2$3') },
    policies: true,
    extra: INTERNET,
    services: FOO,
    status: [
      ...PLAIN_GATEWAY,
      'HTTPRoute default/http-route at eg: Accepted, ResolvedRefs',
      'BackendTrafficPolicy default/backend-traffic-policy-http-route at eg: Accepted',
    ],
    live: async ({ ask }) => {
      const by = async (user: string): Promise<readonly number[]> => {
        const asked = Array.from({ length: 250 }, () =>
          ask({ port: 80, host: 'foo.bar.com', headers: { 'x-user-id': user } }),
        );
        return (await Promise.all(asked)).map(({ status }) => status);
      };
      // However slow this machine is, the requests may be of several seconds, of which each lets a hundred pass.
      const began = Date.now();
      const [alice, bob] = [await by('alice'), await by('bob')];
      const seconds = Math.ceil((Date.now() - began) / 1000) + 1;
      for (const statuses of [alice, bob]) {
        expect(new Set(statuses).difference(new Set([200, 429]))).toEqual(new Set());
        expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(90);
        expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(100 * seconds);
      }
      expect(await ask({ port: 80, host: 'foo.bar.com' })).toMatchObject({ status: 200 });
    },
  },
  {
    name: '004: a SecurityPolicy with fields in the wrong place makes its target answer 500',
    files: ['004-15', '004-16', '004-17'],
    extra: INTERNET,
    services: FOO,
    problems: [
      ['004-17:10:3', /spec\.oidc\.clientSecret: must be present, is missing/u],
      ['004-17:13:7', /spec\.oidc\.provider\.clientID: unknown field/u],
      ['004-17:14:7', /spec\.oidc\.provider\.clientSecret: unknown field/u],
      ['004-17:16:7', /spec\.oidc\.provider\.redirectURL: unknown field/u],
      ['004-17:17:7', /spec\.oidc\.provider\.logoutPath: unknown field/u],
    ],
    status: [...PLAIN_GATEWAY, 'HTTPRoute default/http-route at eg: Accepted, ResolvedRefs'],
    live: answers500('foo.bar.com'),
  },
  {
    name: '004: an EnvoyExtensionPolicy with a field in the wrong place makes its target answer 500',
    files: ['004-12', '004-18'],
    extra: routeOf('backend'),
    services: FOO,
    problems: [['004-18:25:11', /spec\.wasm\[1\]\.code\.image\.pullSecretRef\.sha256: unknown field/u]],
    status: [...PLAIN_GATEWAY, 'HTTPRoute default/backend at eg: Accepted, ResolvedRefs'],
    live: answers500('any'),
  },
  {
    name: '004: a module from a URL, with a checksum that is too short, makes its target answer 500',
    files: ['004-12', '004-19'],
    extra: routeOf('backend'),
    services: FOO,
    status: [
      ...PLAIN_GATEWAY,
      'HTTPRoute default/backend at eg: Accepted, ResolvedRefs',
      'EnvoyExtensionPolicy default/wasm-test at eg: !Accepted(Invalid)',
    ],
    says: [/spec\.wasm\[0\]\.code\.http\.sha256: found 746df\w+, of 44 digits; accepted are 64 hexadecimal digits/u],
    live: answers500('any'),
  },
  {
    name: '004: a processor under Name and Port makes its target answer 500',
    files: ['004-12', '004-20'],
    extra: routeOf('httproute-1'),
    services: FOO,
    problems: [
      ['004-20:13:11', /spec\.extProc\[0\]\.backendRefs\[0\]\.name: must be present, is missing/u],
      ['004-20:13:11', /Name: unknown field; did you mean name\?/u],
      ['004-20:14:11', /Port: unknown field; did you mean port\?/u],
    ],
    status: [...PLAIN_GATEWAY, 'HTTPRoute default/httproute-1 at eg: Accepted, ResolvedRefs'],
    live: answers500('any'),
  },
  {
    name: '004: a processor on a Unix socket, its name misspelt; the Backend itself can be used',
    files: ['004-12', '004-21', '004-22'],
    extra: routeOf('httproute-1'),
    services: FOO,
    problems: [
      ['004-21:13:11', /spec\.extProc\[0\]\.backendRefs\[0\]\.name: must be present, is missing/u],
      ['004-21:13:11', /Name: unknown field; did you mean name\?/u],
    ],
    status: [
      ...PLAIN_GATEWAY,
      'HTTPRoute default/httproute-1 at eg: Accepted, ResolvedRefs',
      'Backend default/uds-ext-proc: Accepted',
    ],
    live: answers500('any'),
  },
  {
    name: '004: the ConfigMap of a controller in a cluster is a ConfigMap',
    files: ['004-23'],
    status: [],
  },
  {
    name: '004: the same with another controller name',
    files: ['004-25'],
    status: [],
  },
  {
    name: '004: an EnvoyPatchPolicy that is indented wrongly patches nothing, and says why',
    files: ['004-12', '004-24'],
    extra: INTERNET,
    status: [
      ...PLAIN_GATEWAY,
      'EnvoyPatchPolicy default/custom-response-patch-policy at eg: Accepted, !Programmed(Invalid)',
    ],
    says: [/spec\.jsonPatches\[0\]\.operation: the result is no envoy\.config\.listener\.v3\.Listener/u],
    live: async ({ ask }) => {
      expect(await ask({ port: 80, host: 'any' })).toMatchObject({ status: 404 });
    },
  },
  {
    name: '004: a Backend with a host name, and a route to it',
    files: ['004-12', '004-26', '004-27'],
    extra: INTERNET,
    status: [
      ...PLAIN_GATEWAY,
      'HTTPRoute default/backend at eg: Accepted, ResolvedRefs',
      'Backend default/httpbin: Accepted',
    ],
    live: async ({ ask }) => {
      // Nobody is asked: that host names which are not the route's are not served shows that Envoy took the rest.
      expect(await ask({ port: 80, host: 'other.example.com' })).toMatchObject({ status: 404 });
    },
  },
];
