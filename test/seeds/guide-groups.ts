import { expect } from 'vitest';
import type { SeedGroup } from './group.ts';

/** Where the connections of the TLS listener go, which the guide does not say. */
const TERMINATED = `
apiVersion: gateway.networking.k8s.io/v1alpha3
kind: TLSRoute
metadata: { namespace: test, name: named }
spec:
  parentRefs: [{ name: test-gw, sectionName: tls }]
  hostnames: [test.example.com]
  rules: [{ backendRefs: [{ name: plain, port: 6000 }] }]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: { namespace: test, name: other }
spec:
  parentRefs: [{ name: test-gw, sectionName: tls }]
  rules: [{ backendRefs: [{ name: plain, port: 6000 }] }]
`;

/**
 * The guide, in English (000) and Chinese (001): the same steps, in part under other numbers. `EN`, `ZH` and the like are
 * not in the names: the groups of both are made by one function.
 */
function guide(document: '000' | '001', at: { readonly [step: string]: string }): readonly SeedGroup[] {
  const file = (step: string): string => `${document}-${at[step] ?? step}`;
  const [theClass, gateway] = [file('01'), file('02')];
  const fourListeners = {
    services: ['test/nginx:80', 'default/foo:6000/TCP', 'default/foo:6000/UDP'],
    certificates: { 'test/https-cert': 'test.example.com' },
  };
  const fourListenersStatus = [
    'GatewayClass eg: Accepted',
    'Gateway test/test-gw: Accepted, Programmed',
    'Gateway test/test-gw listener http: Accepted, ResolvedRefs, Programmed',
    'Gateway test/test-gw listener https: Accepted, ResolvedRefs, Programmed',
    'Gateway test/test-gw listener tcp-6000: Accepted, ResolvedRefs, Programmed',
    'Gateway test/test-gw listener udp-6000: Accepted, ResolvedRefs, Programmed',
  ];
  return [
    {
      name: `${document}: a Gateway without a route answers 404`,
      files: [theClass, gateway],
      status: [
        'GatewayClass eg: Accepted',
        'Gateway test/test-gw: Accepted, Programmed',
        'Gateway test/test-gw listener http: Accepted, ResolvedRefs, Programmed',
      ],
      live: async ({ ask }) => {
        expect(await ask({ port: 8080, host: 'test.example.com' })).toMatchObject({ status: 404 });
      },
    },
    {
      name: `${document}: an HTTPRoute serves its host name and no other`,
      files: [theClass, gateway, file('03')],
      services: ['test/nginx:80'],
      status: [
        'GatewayClass eg: Accepted',
        'Gateway test/test-gw: Accepted, Programmed',
        'Gateway test/test-gw listener http: Accepted, ResolvedRefs, Programmed',
        'HTTPRoute test/nginx at test-gw: Accepted, ResolvedRefs',
      ],
      live: async ({ ask }) => {
        expect(await ask({ port: 8080, host: 'test.example.com' })).toMatchObject({
          status: 200,
          backend: 'test/nginx:80',
        });
        expect(await ask({ port: 8080, host: 'other.example.com' })).toMatchObject({ status: 404 });
      },
    },
    {
      name: `${document}: two routes on one Gateway are told apart by host name`,
      files: [theClass, gateway, file('09'), file('10')],
      services: ['test/test1:80', 'test/test2:80'],
      status: [
        'GatewayClass eg: Accepted',
        'Gateway test/test-gw: Accepted, Programmed',
        'Gateway test/test-gw listener http: Accepted, ResolvedRefs, Programmed',
        'HTTPRoute test/test1 at test-gw: Accepted, ResolvedRefs',
        'HTTPRoute test/test2 at test-gw: Accepted, ResolvedRefs',
      ],
      live: async ({ ask }) => {
        expect(await ask({ port: 8080, host: 'test1.example.com' })).toMatchObject({ backend: 'test/test1:80' });
        expect(await ask({ port: 8080, host: 'test2.example.com' })).toMatchObject({ backend: 'test/test2:80' });
        expect(await ask({ port: 8080, host: 'test3.example.com' })).toMatchObject({ status: 404 });
      },
    },
    {
      name: `${document}: TCP and UDP share a port, and each leads to its back-end`,
      files: [theClass, file('04'), file('05'), file('06')],
      services: ['default/foo:6000/TCP', 'default/bar:6000/UDP'],
      status: [
        'GatewayClass eg: Accepted',
        'Gateway test/test-gw: Accepted, Programmed',
        'Gateway test/test-gw listener foo: Accepted, ResolvedRefs, Programmed',
        'Gateway test/test-gw listener bar: Accepted, ResolvedRefs, Programmed',
        'TCPRoute default/foo at test-gw/foo: Accepted, ResolvedRefs',
        'UDPRoute default/bar at test-gw/bar: Accepted, ResolvedRefs',
      ],
      live: async ({ say, send }) => {
        expect(await say(6000, 'hi')).toBe('default/foo:6000: hi');
        expect(await send(6000, 'hi')).toBe('default/bar:6000: hi');
      },
    },
    {
      name: `${document}: four listeners on one Gateway; HTTP and HTTPS serve one route`,
      files: [theClass, file('11'), file('12'), file('13')],
      ...fourListeners,
      status: [
        ...fourListenersStatus,
        'HTTPRoute test/test at test-gw/http: Accepted, ResolvedRefs',
        'HTTPRoute test/test at test-gw/https: Accepted, ResolvedRefs',
        'TCPRoute default/foo at test-gw/tcp-6000: Accepted, ResolvedRefs',
        'UDPRoute default/foo at test-gw/udp-6000: Accepted, ResolvedRefs',
      ],
      live: async ({ ask, say, send }) => {
        expect(await say(6000, 'tcp')).toBe('default/foo:6000: tcp');
        expect(await send(6000, 'udp')).toBe('default/foo:6000: udp');
        const answer = { status: 200, backend: 'test/nginx:80', path: '/' };
        expect(await ask({ port: 80, host: 'test.example.com' })).toMatchObject(answer);
        expect(await ask({ port: 443, host: 'test.example.com', tls: true })).toMatchObject(answer);
      },
    },
    {
      name: `${document}: a redirect replaces the prefix`,
      files: [theClass, file('11'), file('14')],
      ...fourListeners,
      status: [...fourListenersStatus, 'HTTPRoute test/redirect-api-v1 at test-gw/https: Accepted, ResolvedRefs'],
      live: async ({ ask }) => {
        const location = async (path: string): Promise<readonly unknown[]> => {
          const { status, headers } = await ask({ port: 443, host: 'test.example.com', path, tls: true });
          return [status, headers['location']];
        };
        expect(await location('/api/v1/pods')).toEqual([301, 'https://test.example.com/apis/v1/pods']);
        expect(await location('/api/v1')).toEqual([301, 'https://test.example.com/apis/v1']);
        expect(await location('/api/v1/pods?a=b')).toEqual([301, 'https://test.example.com/apis/v1/pods?a=b']);
        expect(await location('/api/v10')).toEqual([404, undefined]);
      },
    },
    {
      name: `${document}: a redirect replaces the whole path`,
      files: [theClass, file('11'), file('15')],
      ...fourListeners,
      status: [...fourListenersStatus, 'HTTPRoute test/redirect-api-v1 at test-gw/https: Accepted, ResolvedRefs'],
      live: async ({ ask }) => {
        for (const path of ['/foo/cayenne', '/foo/paprika']) {
          const { status, headers } = await ask({ port: 443, host: 'test.example.com', path, tls: true });
          expect([status, headers['location']]).toEqual([301, 'https://test.example.com/bar']);
        }
      },
    },
    {
      name: `${document}: HTTP redirects to HTTPS, without the port that https has anyway`,
      files: [theClass, file('11'), file('16')],
      ...fourListeners,
      status: [...fourListenersStatus, 'HTTPRoute test/redirect-https at test-gw/http: Accepted, ResolvedRefs'],
      live: async ({ ask }) => {
        const { status, headers } = await ask({ port: 80, host: 'test.example.com', path: '/foo' });
        expect([status, headers['location']]).toEqual([301, 'https://test.example.com/foo']);
      },
    },
    {
      name: `${document}: applied again under the same name, a redirect is a duplicate in files, and the first serves`,
      files: [theClass, file('11'), file('14'), file('15')],
      ...fourListeners,
      problems: [[`${file('15')}:1:1`, /is declared before in .*-14\.yaml:1:1, which is served/u]],
      status: [...fourListenersStatus, 'HTTPRoute test/redirect-api-v1 at test-gw/https: Accepted, ResolvedRefs'],
    },
    {
      name: `${document}: a Secret of asterisks is no YAML`,
      files: [theClass, file('17'), file('18')],
      problems: [[`${file('17')}:8:12`, /invalid YAML: "\*\*\*" is an alias of an anchor that does not exist/u]],
      status: [
        'GatewayClass eg: Accepted',
        'Gateway test/test-gw: Accepted, !Programmed(Invalid)',
        'Gateway test/test-gw listener https: Accepted, !ResolvedRefs(InvalidCertificateRef), !Programmed(Invalid)',
        'Gateway test/test-gw listener tls: Accepted, !ResolvedRefs(InvalidCertificateRef), !Programmed(Invalid)',
      ],
      says: [/Secret test\/test-cert does not exist/u],
    },
    {
      name: `${document}: with a real certificate in its place HTTPS is served, and TLS ends at the gateway`,
      files: [theClass, file('18'), file('03')],
      extra: TERMINATED,
      services: ['test/nginx:80', 'test/plain:6000/TCP'],
      certificates: { 'test/test-cert': 'test.example.com' },
      status: [
        'GatewayClass eg: Accepted',
        'Gateway test/test-gw: Accepted, Programmed',
        'Gateway test/test-gw listener https: Accepted, ResolvedRefs, Programmed',
        'Gateway test/test-gw listener tls: Accepted, ResolvedRefs, Programmed',
        'HTTPRoute test/nginx at test-gw: Accepted, ResolvedRefs',
        'TLSRoute test/named at test-gw/tls: Accepted, ResolvedRefs',
        'TCPRoute test/other at test-gw/tls: Accepted, ResolvedRefs',
      ],
      live: async ({ ask, say }) => {
        expect(await say(9443, 'hi', { servername: 'test.example.com' })).toBe('test/plain:6000: hi');
        expect(await say(9443, 'hi', { servername: 'other.example.com' })).toBe('test/plain:6000: hi');
        expect(await ask({ port: 443, host: 'test.example.com', tls: true })).toMatchObject({ status: 200 });
      },
    },
    {
      name: `${document}: a fragment of a rule is no object`,
      files: [file('19')],
      problems: [[`${file('19')}:1:5`, /must be a Kubernetes object: apiVersion is missing \(found filters\)/u]],
      status: [],
    },
  ];
}

/** The guide in English. */
const english: readonly SeedGroup[] = [
  ...guide('000', {}),
  {
    name: '000: a Gateway names an EnvoyProxy with the settings of a cluster',
    files: ['000-01', '000-07', '000-08'],
    certificates: { 'envoy-gateway-system/website-crt-secret': 'web.example.com' },
    status: [
      'GatewayClass eg: Accepted',
      'EnvoyProxy envoy-gateway-system/proxy-config at web: Accepted',
      'Gateway envoy-gateway-system/web: Accepted, Programmed',
      'Gateway envoy-gateway-system/web listener https: Accepted, ResolvedRefs, Programmed',
      'Gateway envoy-gateway-system/web listener http: Accepted, ResolvedRefs, Programmed',
    ],
  },
  {
    name: '000: without its EnvoyProxy the Gateway says so, and without its Secret the HTTPS listener',
    files: ['000-01', '000-08'],
    status: [
      'GatewayClass eg: Accepted',
      'Gateway envoy-gateway-system/web: !Accepted(InvalidParameters), !Programmed(Invalid)',
      'Gateway envoy-gateway-system/web listener https: Accepted, !ResolvedRefs(InvalidCertificateRef), !Programmed(Invalid)',
      'Gateway envoy-gateway-system/web listener http: Accepted, ResolvedRefs, !Programmed(Invalid)',
    ],
    says: [
      /EnvoyProxy envoy-gateway-system\/proxy-config does not exist/u,
      /Secret envoy-gateway-system\/website-crt-secret does not exist/u,
    ],
  },
  {
    name: '000: the API server is reached through TCP, its TLS untouched',
    files: ['000-20'],
    services: ['default/kubernetes:443/TLS'],
    status: [
      'GatewayClass eg: Accepted',
      'EnvoyProxy envoy-gateway-system/eg at eg: Accepted',
      'Gateway envoy-gateway-system/eg: Accepted, Programmed',
      'Gateway envoy-gateway-system/eg listener apiserver: Accepted, ResolvedRefs, Programmed',
      'TCPRoute default/apiserver at eg/apiserver: Accepted, ResolvedRefs',
    ],
    live: async ({ say }) => {
      expect(await say(443, 'GET /version', { servername: 'kubernetes' })).toBe(
        'default/kubernetes:443 kubernetes: GET /version',
      );
    },
  },
];

/** The guide in Chinese: routes of TCP and UDP have other numbers, and the EnvoyProxy is named by the class. */
const chinese: readonly SeedGroup[] = [
  ...guide('001', { '04': '06', '05': '04', '06': '05' }),
  {
    name: '001: a class names an EnvoyProxy with the settings of a cluster',
    files: ['001-07', '001-08', '001-02', '001-03'],
    services: ['test/nginx:80'],
    status: [
      'GatewayClass eg: Accepted',
      'EnvoyProxy test/proxy-config at eg: Accepted',
      'Gateway test/test-gw: Accepted, Programmed',
      'Gateway test/test-gw listener http: Accepted, ResolvedRefs, Programmed',
      'HTTPRoute test/nginx at test-gw: Accepted, ResolvedRefs',
    ],
    live: async ({ ask }) => {
      expect(await ask({ port: 8080, host: 'test.example.com' })).toMatchObject({ status: 200 });
    },
  },
];

/** The groups of both guides. */
export const GUIDE_GROUPS: readonly SeedGroup[] = [...english, ...chinese];
