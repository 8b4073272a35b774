import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { type Listening, listen } from '../listening.ts';
import { freePort } from '../process/sluice.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { authority, EXPIRED, issue, type Pair, revocations } from './authority.ts';
import { ask } from './client.ts';
import { authorities, CLASS, object, tlsSecret } from './manifests.ts';

/** How a connection ends that Envoy does not take: with TLS 1.3 perhaps only when something is sent. */
const REFUSED = /alert|socket hang up|ECONNRESET|ECONNREFUSED|EPIPE|disconnected|protocol version/iu;

let envoy: LiveEnvoy;
let port: number;
let tlsPort: number;
let backEnd: Listening;
let ca: Pair;
beforeAll(async () => {
  ca = authority('ours');
  [envoy, port, tlsPort] = await Promise.all([startLiveEnvoy(), freePort(), freePort()]);
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify({ ...request.headers, url: request.url })));
  });
  backEnd = await listen(server);
});
afterAll(async () => {
  await envoy.stop();
  await backEnd.stop();
});

function world(...policies: readonly object[]): string {
  return [
    CLASS,
    object('Gateway', 'shop', {
      spec: {
        gatewayClassName: 'sluice',
        listeners: [
          { name: 'http', protocol: 'HTTP', port },
          { name: 'https', protocol: 'HTTPS', port: tlsPort, tls: { certificateRefs: [{ name: 'server' }] } },
        ],
      },
    }),
    object('HTTPRoute', 'echo', {
      spec: {
        parentRefs: [{ name: 'shop' }],
        rules: [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' }] }],
      },
    }),
    object('Backend', 'echo', { spec: { endpoints: [{ ip: { address: '127.0.0.1', port: backEnd.port } }] } }),
    tlsSecret('server', issue('server', { dns: ['shop.example'] }, ca)),
    authorities('ca', ca.certificate),
    ...policies.map((spec, index) =>
      object('ClientTrafficPolicy', `policy-${index}`, {
        spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], ...spec },
      }),
    ),
  ].join('');
}

function serve(...policies: readonly object[]): Promise<void> {
  return serveBeside('', ...policies);
}

async function serveBeside(more: string, ...policies: readonly object[]): Promise<void> {
  expect(await envoy.publish(lower(compileText(world(...policies) + more), undefined))).toEqual([]);
}

interface Got {
  readonly status: number | undefined;
  readonly told: IncomingHttpHeaders & { readonly url?: string };
}

function send(headers: Readonly<Record<string, string>> = {}, path = '/'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { host: 'shop.example', ...headers }, agent: false };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status } = response;
        const text = Buffer.concat(chunks).toString();
        resolve({
          status,
          told: text.startsWith('{') ? JSON.parse(text) : {},
        });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** Everything that comes back on a connection until it ends. */
async function exchange(to: number, text: string): Promise<string> {
  const socket = connect(to, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  await new Promise((resolve) => {
    socket.on('close', resolve);
  });
  return Buffer.concat(chunks).toString();
}

describe('clientIPDetection', () => {
  const forwarded = { 'x-forwarded-for': '10.0.0.1, 10.0.0.2, 10.0.0.3' };
  /** The back-end is told the address as Envoy knows it. */
  async function serveTold(clientIPDetection: object): Promise<void> {
    const header = { key: 'x-address', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' };
    const telling = object('EnvoyPatchPolicy', 'telling', {
      spec: {
        type: 'JSONPatch',
        targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' },
        jsonPatches: [
          {
            type: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
            name: 'default/shop/http',
            operation: { op: 'add', path: '/request_headers_to_add', value: [{ header }] },
          },
        ],
      },
    });
    const manifests = world({ clientIPDetection }) + telling;
    expect(await envoy.publish(lower(compileText(manifests), undefined))).toEqual([]);
  }

  async function clientOf(headers: Readonly<Record<string, string>> = forwarded): Promise<unknown> {
    return (await send(headers)).told['x-address'];
  }

  it.each([
    ['no hop: who connects', { numTrustedHops: 0 }, '127.0.0.1'],
    ['one hop', { numTrustedHops: 1 }, '10.0.0.3'],
    ['two hops', { numTrustedHops: 2 }, '10.0.0.2'],
    ['three hops', { numTrustedHops: 3 }, '10.0.0.1'],
    ['networks', { trustedCIDRs: ['10.0.0.2/31', '127.0.0.0/8'] }, '10.0.0.1'],
  ])('is in x-forwarded-for: %s', async (_what, xForwardedFor, address) => {
    await serveTold({ xForwardedFor });
    expect(await clientOf()).toBe(address);
  });

  it('is who connects, whatever they say', async () => {
    await serveTold({ directSourceIP: {} });
    expect(await clientOf()).toBe('127.0.0.1');
  });

  it('is in a header, without which nobody is let in where that is said', async () => {
    await serveTold({ customHeader: { name: 'X-Client', failClosed: true } });
    expect((await send()).status).toBe(403);
    expect(await clientOf({ 'x-client': '10.9.9.9' })).toBe('10.9.9.9');
  });
});

describe('headers', () => {
  it('are changed before a route is looked for', async () => {
    await serve({
      headers: {
        earlyRequestHeaders: {
          set: [{ name: 'x-set', value: '100%' }],
          addIfAbsent: [{ name: 'x-absent', value: 'a' }],
          remove: ['x-gone'],
          removeOnMatch: [{ type: 'Prefix', value: 'x-secret-' }],
        },
      },
    });
    const { told } = await send({
      'x-set': 'old',
      'x-absent': 'there',
      'x-gone': '1',
      'x-secret-a': '1',
      'x-kept': '1',
    });
    expect(told).toMatchObject({ 'x-set': '100%', 'x-absent': 'there', 'x-kept': '1' });
    expect(Object.keys(told)).not.toContain('x-gone');
    expect(Object.keys(told)).not.toContain('x-secret-a');
  });

  it.each(['earlyRequestHeaders', 'lateResponseHeaders'])('are as they are where %s change nothing', async (field) => {
    await serve({ headers: { [field]: {} } });
    expect((await send({ 'x-kept': '1' })).told['x-kept']).toBe('1');
  });

  it.each([
    ['Allow', 200, '1'],
    ['RejectRequest', 400, undefined],
    ['DropHeader', 200, undefined],
  ])('with underscores: %s', async (withUnderscoresAction, status, value) => {
    await serve({ headers: { withUnderscoresAction } });
    const got = await send({ x_under: '1' });
    expect([got.status, got.told['x_under']]).toEqual([status, value]);
  });

  it('name the request as is said', async () => {
    await serve({ headers: { requestID: 'Preserve' } });
    expect((await send({ 'x-request-id': 'mine' })).told['x-request-id']).toBe('mine');
    await serve({ headers: { requestID: 'Disable' } });
    expect((await send()).told['x-request-id']).toBeUndefined();
  });
});

describe('path', () => {
  it.each([
    ['KeepUnchanged', 200, '/a%2Fb'],
    ['RejectRequest', 400, undefined],
    ['UnescapeAndForward', 200, '/a/b'],
    ['UnescapeAndRedirect', 307, undefined],
  ])('with escaped slashes: %s', async (escapedSlashesAction, status, url) => {
    await serve({ path: { escapedSlashesAction } });
    const got = await send({}, '/a%2Fb');
    expect([got.status, got.told.url]).toEqual([status, url]);
  });

  it('keeps slashes where that is said', async () => {
    await serve({ path: { disableMergeSlashes: true } });
    expect((await send({}, '/a//b')).told.url).toBe('/a//b');
  });
});

describe('connections', () => {
  it('have options, a limit of memory, and ends', async () => {
    await serve({
      tcpKeepalive: { idleTime: '20m', interval: '60s', probes: 3 },
      connection: { bufferLimit: '16Ki', socketBufferLimit: '64Ki' },
      timeout: { http: { requestReceivedTimeout: '300ms', idleTimeout: '400ms' } },
    });
    expect(await exchange(port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc')).toContain('408');
    expect(await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')).toContain('200 OK');
    const listeners: string = await envoy.admin('/config_dump?resource=dynamic_listeners');
    expect(listeners).toContain('"per_connection_buffer_limit_bytes": 16384');
    expect(listeners.match(/"int_value": "1200"/gu)).toHaveLength(2);
    expect(listeners.match(/"int_value": "65536"/gu)).toHaveLength(4);
  });

  it('are of a limited number', async () => {
    await serve({ connection: { connectionLimit: { value: 1 } } });
    const held = connect(port, '127.0.0.1');
    await once(held, 'connect');
    held.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(held, 'data');
    expect(await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')).toBe('');
    held.destroy();
  });

  it('begin with the PROXY protocol, or may', async () => {
    const proxied = 'PROXY TCP4 10.1.1.1 10.1.1.2 1000 80\r\nGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
    await serve({ proxyProtocol: {} });
    expect(await exchange(port, proxied)).toContain('10.1.1.1');
    expect(await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toBe('');
    await serve({ proxyProtocol: { optional: true } });
    expect(await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).toContain('200 OK');
  });

  it('speak HTTP/1.0 and keep the case of headers', async () => {
    await serve({ http1: { http10: { useDefaultHost: true }, preserveHeaderCase: true } });
    expect(await exchange(port, 'GET / HTTP/1.0\r\n\r\n')).toContain('200 OK');
  });

  it('are asked for health', async () => {
    await serve({ healthCheck: { path: '/healthz' } });
    expect(await send({}, '/healthz')).toMatchObject({ status: 200, told: {} });
    expect((await send({}, '/other')).told.url).toBe('/other');
  });
});

describe('tls', () => {
  const validation = { caCertificateRefs: [{ kind: 'ConfigMap', group: '', name: 'ca' }] };
  const sni = 'shop.example';

  it('lets in who shows a certificate, on the listener that the policy is for', async () => {
    await serve(
      { tls: { maxVersion: '1.2' } },
      {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop', sectionName: 'https' }],
        tls: { clientValidation: validation },
        headers: { xForwardedClientCert: { mode: 'SanitizeSet', certDetailsToAdd: ['Subject'] } },
      },
    );
    await expect(ask({ port: tlsPort, sni })).rejects.toThrow(REFUSED);
    const { body } = await ask({ port: tlsPort, sni, pair: issue('client', {}, ca) });
    expect(body).toContain('CN=client');
    expect((await send()).status).toBe(200);
  });

  it.each([
    ['Request', [200, 200, 200]],
    ['RequireAny', ['refused', 200, 200]],
    ['VerifyIfGiven', [200, 200, 'refused']],
    ['RequireAndVerify', ['refused', 200, 'refused']],
  ])('asks by mode: %s', async (mode, expected) => {
    await serve({ tls: { clientValidation: { ...validation, mode } } });
    const pairs = [undefined, issue('client', {}, ca), EXPIRED];
    const got = await Promise.all(
      pairs.map((pair) =>
        ask({ port: tlsPort, sni, pair }).then(
          ({ status }) => status,
          () => 'refused',
        ),
      ),
    );
    expect(got).toEqual(expected);
  });

  it('takes only certificates with a name', async () => {
    await serve({
      tls: {
        clientValidation: {
          ...validation,
          subjectAltNames: { dnsNames: [{ type: 'Suffix', value: '.team.example' }] },
        },
      },
    });
    const named = issue('named', { dns: ['a.team.example'] }, ca);
    expect((await ask({ port: tlsPort, sni, pair: named })).status).toBe(200);
    await expect(ask({ port: tlsPort, sni, pair: issue('other', { dns: ['a.example'] }, ca) })).rejects.toThrow(
      REFUSED,
    );
  });

  it('takes certificates with a name of another sort', async () => {
    const oid = '1.3.6.1.4.1.311.20.2.3';
    const otherNames = [{ oid, type: 'Suffix', value: '@team.example' }];
    await serve({ tls: { clientValidation: { ...validation, subjectAltNames: { otherNames } } } });
    const named = (value: string) => issue('named', { others: [`${oid};UTF8:${value}`] }, ca);
    expect((await ask({ port: tlsPort, sni, pair: named('ada@team.example') })).status).toBe(200);
    await expect(ask({ port: tlsPort, sni, pair: named('ada@other.example') })).rejects.toThrow(REFUSED);
    await expect(ask({ port: tlsPort, sni, pair: issue('unnamed', {}, ca) })).rejects.toThrow(REFUSED);
  });

  it('takes no certificate that is revoked', async () => {
    const [good, bad] = [issue('good', {}, ca), issue('bad', {}, ca)];
    const list = object('Secret', 'crl', { stringData: { 'ca.crl': revocations(ca, [bad]) } });
    await serveBeside(list, { tls: { clientValidation: { ...validation, crl: { refs: [{ name: 'crl' }] } } } });
    expect((await ask({ port: tlsPort, sni, pair: good })).status).toBe(200);
    await expect(ask({ port: tlsPort, sni, pair: bad })).rejects.toThrow(REFUSED);
  });

  it('is closed with a list of revocations that is none', async () => {
    const text = ca.certificate.replaceAll('CERTIFICATE', 'X509 CRL');
    const list = object('Secret', 'crl', { stringData: { 'ca.crl': text } });
    await serveBeside(list, { tls: { clientValidation: { ...validation, crl: { refs: [{ name: 'crl' }] } } } });
    expect((await ask({ port: tlsPort, sni, pair: issue('client', {}, ca) })).status).toBe(500);
  });

  it('is closed with a list of revocations that is over', async () => {
    const list = object('Secret', 'crl', { stringData: { 'ca.crl': revocations(ca, [], true) } });
    await serveBeside(list, { tls: { clientValidation: { ...validation, crl: { refs: [{ name: 'crl' }] } } } });
    expect((await ask({ port: tlsPort, sni, pair: issue('client', {}, ca) })).status).toBe(500);
  });

  it('speaks the versions and protocols that it says', async () => {
    await serve({ tls: { minVersion: '1.3', alpnProtocols: ['http/1.1'] } });
    await expect(ask({ port: tlsPort, sni, tls: { maxVersion: 'TLSv1.2' } })).rejects.toThrow(REFUSED);
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: tlsPort,
      servername: sni,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    expect([socket.getProtocol(), socket.alpnProtocol]).toEqual(['TLSv1.3', 'http/1.1']);
    socket.destroy();
  });

  it.each([
    ['an authority that is missing', { caCertificateRefs: [{ kind: 'ConfigMap', group: '', name: 'none' }] }],
    ['nobody to trust', {}],
    ['a list of revocations that is missing', { ...validation, crl: { refs: [{ name: 'crl' }] } }],
  ])('is closed with %s', async (_what, clientValidation) => {
    await serve({ tls: { clientValidation } });
    expect((await ask({ port: tlsPort, sni, pair: issue('client', {}, ca) })).status).toBe(500);
    expect((await send()).status).toBe(500);
  });
});
