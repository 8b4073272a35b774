import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../process/sluice.ts';
import type { Answer } from '../scenario/ask.ts';
import { selfSigned } from '../seeds/self-signed.ts';
import { answering, backend, manifest, type RouteSite, startRouteSite, to } from './route-site.ts';

let site: RouteSite;
let http: number;
let https: number;
beforeAll(async () => {
  [site, http, https] = await Promise.all([startRouteSite(), freePort(), freePort()]);
});
afterAll(() => site.stop());

const pairs = { a: selfSigned('a.example'), b: selfSigned('*.b.example') };

/** Serves the Gateway `edge`, with a listener for gateway.example, and these manifests. */
function serve(...manifests: readonly object[]): Promise<void> {
  const listeners = [{ name: 'http', protocol: 'HTTP', port: http, hostname: 'gateway.example' }];
  const allowedListeners = { namespaces: { from: 'Same' } };
  const secrets = Object.entries(pairs).map(([name, pair]) =>
    manifest('Secret', name, { type: 'kubernetes.io/tls', stringData: pair }),
  );
  return site.serveAlone(
    manifest('Gateway', 'edge', { gatewayClassName: 'sluice', listeners, allowedListeners }),
    backend('echo', [site.echo.port]),
    ...secrets,
    ...manifests,
  );
}

function set(name: string, ...listeners: readonly object[]): object {
  return manifest('ListenerSet', name, { parentRef: { name: 'edge' }, listeners });
}

/** A route that answers with its name in a header. */
function route(name: string, ...parentRefs: readonly object[]): object {
  const rules = [{ filters: [answering(name)], backendRefs: [to('echo')] }];
  return manifest('HTTPRoute', name, { parentRefs, rules });
}

const get = (host: string): Promise<Answer> => site.getAt(http, '/', { host });

interface SecureAnswer {
  readonly status: number | undefined;
  readonly route: unknown;
  readonly subject: string;
}

/** Asks over TLS; rejects where the connection is not accepted. */
function secureGet(server: string, host = server): Promise<SecureAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: https,
        servername: server,
        headers: { host },
        rejectUnauthorized: false,
        agent: false,
      },
      (response) => {
        const { socket, statusCode, headers } = response;
        const subject = 'getPeerCertificate' in socket ? String(certificateName(socket)) : '';
        response.resume().once('end', () => resolve({ status: statusCode, route: headers['x-route'], subject }));
      },
    );
    asked.once('error', reject).end();
  });
}

function certificateName(socket: object): unknown {
  if (!('getPeerCertificate' in socket) || typeof socket.getPeerCertificate !== 'function') return undefined;
  const certificate: unknown = socket.getPeerCertificate();
  return typeof certificate === 'object' && certificate !== null && 'subjectaltname' in certificate
    ? certificate.subjectaltname
    : undefined;
}

describe('ListenerSets', () => {
  it('serve beside the Gateway, each routes of its own', async () => {
    await serve(
      set('one', { name: 'http', protocol: 'HTTP', port: http, hostname: 'one.example' }),
      set('two', { name: 'http', protocol: 'HTTP', port: http, hostname: '*.example' }),
      route('gateway', { name: 'edge' }),
      route('one', { kind: 'ListenerSet', name: 'one' }),
      route('two', { kind: 'ListenerSet', name: 'two', sectionName: 'http' }),
    );
    expect(await get('gateway.example')).toMatchObject({ status: 200, response: { 'x-route': 'gateway' } });
    expect(await get('one.example')).toMatchObject({ status: 200, response: { 'x-route': 'one' } });
    expect(await get('any.example')).toMatchObject({ status: 200, response: { 'x-route': 'two' } });
    expect(await get('elsewhere.test')).toMatchObject({ status: 404 });
  });

  it('do not get what the Gateway has', async () => {
    await serve(
      set('thief', { name: 'http', protocol: 'HTTP', port: http, hostname: 'gateway.example' }),
      route('gateway', { name: 'edge' }),
      route('thief', { kind: 'ListenerSet', name: 'thief' }),
    );
    expect(await get('gateway.example')).toMatchObject({ status: 200, response: { 'x-route': 'gateway' } });
  });

  it('have certificates of their own on one port, by server name', async () => {
    const listener = (name: string, hostname: string) => ({
      name: 'https',
      protocol: 'HTTPS',
      port: https,
      hostname,
      tls: { certificateRefs: [{ name }] },
    });
    await serve(
      set('a', listener('a', 'a.example')),
      set('b', listener('b', '*.b.example')),
      route('a', { kind: 'ListenerSet', name: 'a' }),
      route('b', { kind: 'ListenerSet', name: 'b' }),
    );
    expect(await secureGet('a.example')).toEqual({ status: 200, route: 'a', subject: 'DNS:a.example' });
    expect(await secureGet('x.b.example')).toEqual({ status: 200, route: 'b', subject: 'DNS:*.b.example' });
    await expect(secureGet('nobody.example')).rejects.toThrow(/disconnected|reset|hang up/iu);
  });

  it('are gone when the Gateway takes none any more', async () => {
    await serve(
      { ...set('one', { name: 'http', protocol: 'HTTP', port: http, hostname: 'one.example' }) },
      route('one', { kind: 'ListenerSet', name: 'one' }),
    );
    expect(await get('one.example')).toMatchObject({ status: 200 });
    await serve(route('one', { kind: 'ListenerSet', name: 'one' }));
    expect(await get('one.example')).toMatchObject({ status: 404 });
  });

  it('serve what a ServiceImport leads to', async () => {
    const metadata = { name: 'far', labels: { 'multicluster.kubernetes.io/service-name': 'far' } };
    await serve(
      {
        apiVersion: 'multicluster.x-k8s.io/v1alpha1',
        kind: 'ServiceImport',
        metadata: { name: 'far' },
        spec: { type: 'ClusterSetIP', ports: [{ name: 'http', port: 80 }] },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata,
        addressType: 'IPv4',
        ports: [{ name: 'http', port: site.echo.port }],
        endpoints: [{ addresses: ['127.0.0.1'] }],
      },
      manifest('HTTPRoute', 'far', {
        parentRefs: [{ name: 'edge' }],
        rules: [{ backendRefs: [{ group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'far', port: 80 }] }],
      }),
    );
    expect(await get('gateway.example')).toMatchObject({ status: 200 });
  });
});
