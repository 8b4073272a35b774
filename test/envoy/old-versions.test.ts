import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../process/sluice.ts';
import { startTcp, startTls, startUdp, type StreamBackEnd } from '../streams/back-ends.ts';
import { say, send } from '../streams/talk.ts';
import { authority, issue, type Pair } from '../tls/authority.ts';
import { type SecureBackEnd, startSecureBackEnd } from '../tls/secure-back-end.ts';
import { call, type GrpcEcho, startGrpcEcho } from './grpc-echo.ts';
import { backend, inNamespace, manifest, type RouteSite, startRouteSite, to } from './route-site.ts';

const CALL = '/shop.Cart/Add';

let site: RouteSite;
let grpc: GrpcEcho;
let streams: { readonly tcp: StreamBackEnd; readonly udp: StreamBackEnd; readonly tls: StreamBackEnd };
let ca: Pair;
let secure: SecureBackEnd;
beforeAll(async () => {
  ca = authority('ours');
  const pair = issue('shop.example', { dns: ['shop.example'] }, ca);
  [site, grpc] = await Promise.all([startRouteSite(), startGrpcEcho('grpc', [CALL])]);
  secure = await startSecureBackEnd(pair);
  streams = { tcp: await startTcp('tcp'), udp: await startUdp('udp'), tls: await startTls('tls', pair) };
});
afterAll(async () => {
  await Promise.all([site.stop(), secure.stop(), ...Object.values(streams).map((one) => one.stop())]);
  await grpc.stop();
});

const asOf = (version: string, object: object): object => ({
  ...object,
  apiVersion: `gateway.networking.k8s.io/${version}`,
});

/** Versions that manifests in use have, by kind; where a kind did not have the first, it has the one after it. */
const ERAS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  v1: {},
  v1beta1: { GatewayClass: 'v1beta1', Gateway: 'v1beta1', HTTPRoute: 'v1beta1', ReferenceGrant: 'v1beta1' },
  v1alpha3: { TLSRoute: 'v1alpha3', BackendTLSPolicy: 'v1alpha3' },
  v1alpha2: {
    GatewayClass: 'v1alpha2',
    Gateway: 'v1alpha2',
    HTTPRoute: 'v1alpha2',
    GRPCRoute: 'v1alpha2',
    TLSRoute: 'v1alpha2',
    TCPRoute: 'v1alpha2',
    UDPRoute: 'v1alpha2',
    ReferenceGrant: 'v1alpha2',
  },
};

describe('manifests of', () => {
  it.each(Object.entries(ERAS))('%s are served as those of v1 are', async (era, versions) => {
    const ports = { http: await freePort(), stream: await freePort(), tls: await freePort() };
    const of = (kind: string, name: string, spec: object): object =>
      asOf(versions[kind] ?? 'v1', manifest(kind, name, spec));
    const parentRefs = (sectionName: string): readonly object[] => [{ name: era, sectionName }];
    const section = (kind: string, name: string, backendRef: object, rest: object = {}): object =>
      of(kind, name, { parentRefs: parentRefs(name), rules: [{ backendRefs: [backendRef] }], ...rest });
    await site.serveAlone(
      of('GatewayClass', era, { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' }),
      of('Gateway', era, {
        gatewayClassName: era,
        listeners: [
          { name: 'http', protocol: 'HTTP', port: ports.http, hostname: 'http.test' },
          { name: 'grpc', protocol: 'HTTP', port: ports.http },
          { name: 'tcp', protocol: 'TCP', port: ports.stream },
          { name: 'udp', protocol: 'UDP', port: ports.stream },
          { name: 'tls', protocol: 'TLS', port: ports.tls, tls: { mode: 'Passthrough' } },
        ],
      }),
      section('HTTPRoute', 'http', to('echo', { namespace: 'far' }), { hostnames: ['http.test'] }),
      of('HTTPRoute', 'secure', {
        parentRefs: parentRefs('http'),
        rules: [{ matches: [{ path: { value: '/secure' } }], backendRefs: [{ name: 'secure', port: 443 }] }],
      }),
      manifest('Service', 'secure', { ports: [{ port: 443 }] }),
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'secure', labels: { 'kubernetes.io/service-name': 'secure' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'] }],
        ports: [{ port: secure.port }],
      },
      manifest('ConfigMap', 'ca', { data: { 'ca.crt': ca.certificate } }),
      of('BackendTLSPolicy', 'secure', {
        targetRefs: [{ group: '', kind: 'Service', name: 'secure' }],
        validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }], hostname: 'shop.example' },
      }),
      section('GRPCRoute', 'grpc', to('grpc')),
      section('TCPRoute', 'tcp', to('tcp')),
      section('UDPRoute', 'udp', to('udp')),
      section('TLSRoute', 'tls', to('tls'), { hostnames: ['shop.example'] }),
      inNamespace(
        'far',
        of('ReferenceGrant', 'routes', {
          from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default' }],
          to: [{ group: 'gateway.envoyproxy.io', kind: 'Backend' }],
        }),
      ),
      inNamespace('far', backend('echo', [site.echo.port])),
      backend('grpc', [grpc.port]),
      ...(['tcp', 'udp', 'tls'] as const).map((name) => backend(name, [streams[name].port])),
    );
    expect((await site.getAt(ports.http, '/', { host: 'http.test' })).status).toBe(200);
    expect((await site.getAt(ports.http, '/secure', { host: 'http.test' })).body).toContain('"sni":"shop.example"');
    expect((await call(ports.http, CALL)).text).toBe('grpc: hello');
    expect(await say(ports.stream, 'x')).toBe('tcp: x');
    expect(await send(ports.stream, 'x')).toBe('udp: x');
    expect(await say(ports.tls, 'x', { servername: 'shop.example', ca: ca.certificate })).toBe('tls shop.example: x');
  });
});
