import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { authority, issue, type Pair } from '../tls/authority.ts';
import { ask as askTls } from '../tls/client.ts';
import { call, type GrpcEcho, startGrpcEcho } from './grpc-echo.ts';
import { backend, gatewayOf, inNamespace, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

const CALL = '/shop.Cart/Add';

let site: RouteSite;
let copies: Echo;
let grpc: GrpcEcho;
let port: number;
let secure: number;
let ca: Pair;
let server: Pair;
beforeAll(async () => {
  ca = authority('ours');
  server = issue('server', { dns: ['shop.example'] }, ca);
  [site, copies, grpc] = await Promise.all([startRouteSite(), startEcho(), startGrpcEcho('far', [CALL])]);
  [port, secure] = await Promise.all([freePort(), freePort()]);
});
afterAll(async () => {
  await Promise.all([site.stop(), copies.stop(), grpc.stop()]);
});

/** A grant in the namespace `far` for objects of a kind in `default`. */
function grant(from: string, group: string, kind: string, name?: string): object {
  const spec = {
    from: [{ group: groupOf(from), kind: from, namespace: 'default' }],
    to: [{ group, kind, ...(name === undefined ? {} : { name }) }],
  };
  return inNamespace('far', manifest('ReferenceGrant', 'let-in', spec));
}

function groupOf(kind: string): string {
  return kind.endsWith('Policy') ? 'gateway.envoyproxy.io' : 'gateway.networking.k8s.io';
}

const far = (object: object): object => inNamespace('far', object);
const toFar = (name: string): object => to(name, { namespace: 'far' });
const pairSecret = (name: string, pair: Pair): object =>
  manifest('Secret', name, {
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': pair.certificate, 'tls.key': pair.key },
  });
const authorities = (name: string): object => manifest('ConfigMap', name, { data: { 'ca.crt': ca.certificate } });

/** A Gateway with a listener for HTTP, and one for HTTPS with this certificate. */
function gateway(certificate: object, more: object = {}): object {
  return gatewayOf(
    [
      { name: 'http', protocol: 'HTTP', port },
      { name: 'https', protocol: 'HTTPS', port: secure, tls: { certificateRefs: [certificate] } },
    ],
    { allowedListeners: { namespaces: { from: 'Same' } }, ...more },
  );
}

const plain = (): object => gateway({ name: 'server' });
const near = (): readonly object[] => [backend('echo', [site.echo.port]), pairSecret('server', server)];
const open = (): object => route([{ backendRefs: [to('echo')] }]);

const status = async (): Promise<unknown> => (await site.getAt(port, '/')).status;
const mirrored = async (): Promise<unknown> => {
  const before = copies.count();
  const done = async (): Promise<boolean> => (await status()) === 200 && copies.count() > before;
  for (let i = 0; i < 20; i++) if (await done()) return 'copied';
  return 'not copied';
};
/** What HTTPS comes to with a certificate of our authority. */
const handshake = async (): Promise<unknown> =>
  askTls({ port: secure, sni: 'shop.example', pair: issue('client', {}, ca) }).then(
    (answer) => answer.status,
    () => 'refused',
  );

const validation = {
  validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca', namespace: 'far' }] },
};

interface Case {
  readonly from: string;
  readonly what: string;
  readonly kind: readonly [group: string, kind: string];
  readonly manifests: () => readonly object[];
  readonly ask: () => Promise<unknown>;
  readonly had: unknown;
  readonly not: unknown;
}

const BACKEND = ['gateway.envoyproxy.io', 'Backend'] as const;
const SECRET = ['', 'Secret'] as const;

const CASES: readonly Case[] = [
  {
    from: 'HTTPRoute',
    what: 'a Backend',
    kind: BACKEND,
    manifests: () => [plain(), route([{ backendRefs: [toFar('far')] }]), far(backend('far', [site.echo.port]))],
    ask: status,
    had: 200,
    not: 500,
  },
  {
    from: 'HTTPRoute',
    what: 'a Service',
    kind: ['', 'Service'],
    manifests: () => [
      plain(),
      route([{ backendRefs: [{ name: 'far', namespace: 'far', port: 80 }] }]),
      far(manifest('Service', 'far', { ports: [{ name: 'http', port: 80 }] })),
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'far', namespace: 'far', labels: { 'kubernetes.io/service-name': 'far' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'] }],
        ports: [{ name: 'http', port: site.echo.port }],
      },
    ],
    ask: status,
    had: 200,
    not: 500,
  },
  {
    from: 'HTTPRoute',
    what: 'a mirror',
    kind: BACKEND,
    manifests: () => [
      plain(),
      route([
        {
          filters: [{ type: 'RequestMirror', requestMirror: { backendRef: toFar('far') } }],
          backendRefs: [to('echo')],
        },
      ]),
      far(backend('far', [copies.port])),
    ],
    ask: mirrored,
    had: 'copied',
    not: 'not copied',
  },
  {
    from: 'GRPCRoute',
    what: 'a Backend',
    kind: BACKEND,
    manifests: () => [plain(), route([{ backendRefs: [toFar('far')] }], 'GRPCRoute'), far(backend('far', [grpc.port]))],
    ask: async () => (await call(port, CALL)).text,
    had: 'far: hello',
    not: '',
  },
  {
    from: 'Gateway',
    what: 'a certificate',
    kind: SECRET,
    manifests: () => [gateway({ name: 'far', namespace: 'far' }), open(), far(pairSecret('far', server))],
    ask: handshake,
    had: 200,
    not: 'refused',
  },
  {
    from: 'Gateway',
    what: 'authorities of clients',
    kind: ['', 'ConfigMap'],
    manifests: () => [
      gateway({ name: 'server' }, { tls: { frontend: { default: validation } } }),
      open(),
      far(authorities('ca')),
    ],
    ask: handshake,
    had: 200,
    not: 'refused',
  },
  {
    from: 'ListenerSet',
    what: 'a certificate',
    kind: SECRET,
    manifests: () => [
      gatewayOf([{ name: 'http', protocol: 'HTTP', port }], { allowedListeners: { namespaces: { from: 'Same' } } }),
      manifest('ListenerSet', 'more', {
        parentRef: { name: 'shop' },
        listeners: [
          {
            name: 'https',
            protocol: 'HTTPS',
            port: secure,
            tls: { certificateRefs: [{ name: 'far', namespace: 'far' }] },
          },
        ],
      }),
      manifest('HTTPRoute', 'of-set', {
        parentRefs: [{ kind: 'ListenerSet', name: 'more' }],
        rules: [{ backendRefs: [to('echo')] }],
      }),
      far(pairSecret('far', server)),
    ],
    ask: handshake,
    had: 200,
    not: 'refused',
  },
  {
    from: 'SecurityPolicy',
    what: 'a server that is asked',
    kind: BACKEND,
    manifests: () => [
      plain(),
      open(),
      manifest('SecurityPolicy', 'ask', {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'route' }],
        extAuth: { http: { backendRefs: [toFar('far')] } },
      }),
      far(backend('far', [copies.port])),
    ],
    ask: status,
    had: 200,
    not: 500,
  },
];

describe('what is in another namespace', () => {
  it.each(CASES)('is had by a $from as long as a ReferenceGrant lets it: $what', async (one) => {
    const always = [...one.manifests(), ...near()];
    const answered = async (...grants: readonly object[]): Promise<unknown> => {
      await site.serveAlone(...always, ...grants);
      return one.ask();
    };
    expect(await answered()).toEqual(one.not);
    expect(await answered(grant(one.from, ...one.kind))).toEqual(one.had);
    expect(await answered(grant(one.from, ...one.kind, 'another'))).toEqual(one.not);
    expect(await answered(grant('TCPRoute', ...one.kind))).toEqual(one.not);
    expect(await answered(inNamespace('default', grant(one.from, ...one.kind)))).toEqual(one.not);
  });
});
