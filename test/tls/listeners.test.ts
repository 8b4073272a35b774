import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import { DEFAULT_CONFIGURATION } from '#controller/configuration.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { type Listening, listen } from '../listening.ts';
import { freePort } from '../process/sluice.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { showSaid } from '../seeds/show-status.ts';
import { authority, EXPIRED, issue, type Pair } from './authority.ts';
import { ask, askTogether } from './client.ts';
import { authorities, CLASS, object, tlsSecret } from './manifests.ts';
import { type SecureBackEnd, startSecureBackEnd } from './secure-back-end.ts';

/** How a connection ends that Envoy does not take: with TLS 1.3 perhaps only when something is sent. */
const REFUSED = /alert|socket hang up|ECONNRESET|ECONNREFUSED|EPIPE|disconnected/iu;

let envoy: LiveEnvoy;
let port: number;
let otherPort: number;
let backEnd: Listening;
let ca: Pair;
let stranger: Pair;
let server: Pair;
beforeAll(async () => {
  ca = authority('ours');
  stranger = authority('stranger');
  server = issue('server', { dns: ['shop.example', '*.shop.example'] }, ca);
  [envoy, port, otherPort] = await Promise.all([startLiveEnvoy(), freePort(), freePort()]);
  backEnd = await listen(createServer((request, response) => response.end(request.headers['x-listener'] ?? '')));
});
afterAll(async () => {
  await envoy.stop();
  await backEnd.stop();
});

interface ListenerOf {
  readonly hostname?: string;
  readonly port?: number;
  readonly secrets?: readonly string[];
}

function plainBackEnd(): string {
  return object('Backend', 'echo', { spec: { endpoints: [{ ip: { address: '127.0.0.1', port: backEnd.port } }] } });
}

/** A Gateway with HTTPS listeners, each with a route of its own that tells the listener's name. */
function gateway(listeners: Readonly<Record<string, ListenerOf>>, more: object = {}, backend = plainBackEnd()): string {
  const specs = Object.entries(listeners).map(([name, { hostname, port: own = port, secrets = ['server'] }]) => ({
    name,
    protocol: 'HTTPS',
    port: own,
    ...(hostname === undefined ? {} : { hostname }),
    tls: { certificateRefs: secrets.map((secret) => ({ name: secret })) },
  }));
  const routes = Object.keys(listeners).map((sectionName) =>
    object('HTTPRoute', sectionName, {
      spec: {
        parentRefs: [{ name: 'shop', sectionName }],
        ...(sectionName === 'main' ? { hostnames: ['example.org', 'shop.example'] } : {}),
        rules: [
          {
            filters: [
              {
                type: 'RequestHeaderModifier',
                requestHeaderModifier: { set: [{ name: 'x-listener', value: sectionName }] },
              },
            ],
            backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' }],
          },
        ],
      },
    }),
  );
  return [
    CLASS,
    object('Gateway', 'shop', { spec: { gatewayClassName: 'sluice', listeners: specs, ...more } }),
    ...routes,
    backend,
    tlsSecret('server', server),
  ].join('');
}

async function publish(...manifests: readonly string[]): Promise<void> {
  expect(await envoy.publish(lower(compileText(manifests.join('')), undefined))).toEqual([]);
}

describe('requests on a connection of another listener', () => {
  beforeAll(() =>
    publish(
      gateway({
        main: {},
        second: { hostname: 'second-example.org' },
        wild: { hostname: '*.wildcard.org' },
        fourth: { hostname: 'fourth-example.wildcard.org' },
      }),
    ),
  );

  it.each([
    ['example.org', ['example.org', 'second-example.org', 'unknown-example.org'], [200, 421, 404]],
    ['second-example.org', ['second-example.org', 'example.org', 'unknown-example.org'], [200, 421, 421]],
    [
      'third-example.wildcard.org',
      ['third-example.wildcard.org', 'fith-example.wildcard.org', 'fourth-example.wildcard.org', 'second-example.org'],
      [200, 200, 421, 421],
    ],
    ['fourth-example.wildcard.org', ['fourth-example.wildcard.org', 'fith-example.wildcard.org'], [200, 421]],
    ['unknown-example.org', ['example.org', 'unknown-example.org'], [200, 404]],
  ])('are misdirected on a connection for %s', async (sni, hosts, statuses) => {
    expect(await askTogether(port, sni, hosts)).toEqual(statuses);
  });

  it('are misdirected where the certificate is good for the host of another listener, too', async () => {
    await publish(gateway({ a: { hostname: 'a.shop.example' }, b: { hostname: 'b.shop.example' } }));
    const hosts = ['a.shop.example', 'b.shop.example', 'nobody.shop.example', 'a.shop.example'];
    expect(await askTogether(port, 'a.shop.example', hosts)).toEqual([200, 421, 404, 200]);
  });

  it('are misdirected with a dot behind their host, too, where a listener has all other hosts', async () => {
    await publish(gateway({ admin: { hostname: 'admin.example.org' }, any: {} }));
    const hosts = ['any.example', 'admin.example.org', 'admin.example.org.', `ADMIN.example.org.:${port}`];
    expect(await askTogether(port, 'any.example', hosts)).toEqual([200, 421, 421, 421]);
    expect(await askTogether(port, 'admin.example.org.', hosts.slice(1))).toEqual([421, 421, 421]);
  });

  it('are not found where nobody else has their host', async () => {
    await publish(gateway({ second: { hostname: 'second-example.org' }, third: { hostname: 'third-example.org' } }));
    expect(await askTogether(port, 'second-example.org', ['second-example.org', 'nobody.org'])).toEqual([200, 404]);
  });
});

describe('merged Gateways', () => {
  /** Gateways of one proxy, by name, each with HTTPS listeners by host name and a route that tells the Gateway. */
  const merged = (gateways: Readonly<Record<string, readonly string[]>>): string =>
    [
      object('GatewayClass', 'merged', {
        spec: {
          controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
          parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'merged', namespace: 'default' },
        },
      }),
      object('EnvoyProxy', 'merged', { spec: { mergeGateways: true } }),
      plainBackEnd(),
      tlsSecret('server', server),
      tlsSecret('alone', issue('alone', { dns: ['alone.example'] }, ca)),
      ...Object.entries(gateways).flatMap(([name, hostnames]) => [
        object('Gateway', name, {
          spec: {
            gatewayClassName: 'merged',
            listeners: hostnames.map((hostname, index) => ({
              name: `l${index}`,
              protocol: 'HTTPS',
              port,
              hostname,
              tls: { certificateRefs: [{ name: hostname.startsWith('alone') ? 'alone' : 'server' }] },
            })),
          },
        }),
        object('HTTPRoute', name, {
          spec: {
            parentRefs: [{ name }],
            rules: [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' }] }],
          },
        }),
      ]),
    ].join('');

  it('misdirect requests for hosts of one another where a certificate is good for both', async () => {
    await publish(merged({ one: ['a.shop.example', 'alone.example'], two: ['b.shop.example'] }));
    expect(await askTogether(port, 'a.shop.example', ['a.shop.example', 'b.shop.example'])).toEqual([200, 421]);
    expect(await askTogether(port, 'b.shop.example', ['b.shop.example', 'a.shop.example'])).toEqual([200, 421]);
    expect(await askTogether(port, 'alone.example', ['alone.example', 'b.shop.example'])).toEqual([200, 404]);
    await publish(merged({ one: ['a.shop.example', 'alone.example'] }));
    expect(await askTogether(port, 'a.shop.example', ['a.shop.example', 'b.shop.example'])).toEqual([200, 404]);
  });

  it('misdirect them where one has a host of the other for its own', async () => {
    await publish(merged({ one: ['*.shop.example'], two: ['b.shop.example'] }));
    expect(await askTogether(port, 'a.shop.example', ['a.shop.example', 'b.shop.example'])).toEqual([200, 421]);
    expect(await askTogether(port, 'b.shop.example', ['b.shop.example', 'a.shop.example'])).toEqual([200, 421]);
  });

  it('tell that their listeners overlap, and only of those that do', () => {
    const text = merged({ one: ['a.shop.example', 'alone.example'], two: ['b.shop.example'] });
    const statuses = compile(loadOnce(['-'], { stdin: Buffer.from(text) })).statuses();
    const said = showSaid(statuses.flat()).flatMap(({ line }) => (line.includes(' listener ') ? [line] : []));
    expect(said).toEqual([
      'Gateway default/one listener l0: Accepted, ResolvedRefs, Programmed, OverlappingTLSConfig',
      'Gateway default/one listener l1: Accepted, ResolvedRefs, Programmed',
      'Gateway default/two listener l0: Accepted, ResolvedRefs, Programmed, OverlappingTLSConfig',
    ]);
  });
});

describe('spec.tls.frontend', () => {
  const validation = (name: string, mode?: string): object => ({
    validation: {
      caCertificateRefs: [{ group: '', kind: 'ConfigMap', name }],
      ...(mode === undefined ? {} : { mode }),
    },
  });
  const listeners = () => ({ main: {}, other: { port: otherPort, hostname: 'shop.example' } });
  const trusted = () => authorities('ca', ca.certificate) + authorities('stranger', stranger.certificate);
  const good = () => issue('good', {}, ca);
  const foreign = () => issue('foreign', {}, stranger);

  it('lets in who shows a certificate of the authority, by port', async () => {
    const frontend = { default: validation('ca'), perPort: [{ port: otherPort, tls: validation('stranger') }] };
    await publish(gateway(listeners(), { tls: { frontend } }), trusted());
    const asked = { port, sni: 'shop.example' };
    expect((await ask({ ...asked, pair: good() })).body).toBe('main');
    await expect(ask(asked)).rejects.toThrow(REFUSED);
    await expect(ask({ ...asked, pair: foreign() })).rejects.toThrow(REFUSED);
    expect((await ask({ ...asked, port: otherPort, pair: foreign() })).body).toBe('other');
    await expect(ask({ ...asked, port: otherPort, pair: good() })).rejects.toThrow(REFUSED);
  });

  it('asks nobody at a port that says nothing', async () => {
    const frontend = { default: validation('ca'), perPort: [{ port: otherPort, tls: {} }] };
    await publish(gateway(listeners(), { tls: { frontend } }), trusted());
    expect((await ask({ port: otherPort, sni: 'shop.example' })).status).toBe(200);
    await expect(ask({ port, sni: 'shop.example' })).rejects.toThrow(REFUSED);
  });

  it('lets in everybody with AllowInsecureFallback', async () => {
    const frontend = { default: validation('ca', 'AllowInsecureFallback') };
    await publish(gateway(listeners(), { tls: { frontend } }), trusted());
    for (const pair of [undefined, good(), foreign()]) {
      expect((await ask({ port, sni: 'shop.example', pair })).status).toBe(200);
    }
  });

  it('serves nobody where the authority is missing', async () => {
    const frontend = { default: validation('none'), perPort: [{ port: otherPort, tls: validation('ca') }] };
    await publish(gateway(listeners(), { tls: { frontend } }), trusted());
    await expect(ask({ port, sni: 'shop.example', pair: good() })).rejects.toThrow(REFUSED);
    expect((await ask({ port: otherPort, sni: 'shop.example', pair: good() })).status).toBe(200);
  });
});

describe('spec.tls.backend', () => {
  let secure: SecureBackEnd;
  beforeAll(async () => {
    secure = await startSecureBackEnd(issue('back-end', { dns: ['back.example'] }, ca), ca.certificate);
  });
  afterAll(() => secure.stop());

  const backend = () =>
    object('Backend', 'echo', {
      spec: {
        endpoints: [{ ip: { address: '127.0.0.1', port: secure.port } }],
        tls: { sni: 'back.example', caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] },
      },
    });
  const worlds = (more: object): string =>
    gateway({ main: {} }, more, backend()) +
    authorities('ca', ca.certificate) +
    tlsSecret('client', issue('gateway', {}, ca));

  it('is shown to back-ends that are spoken to by TLS', async () => {
    await publish(worlds({ tls: { backend: { clientCertificateRef: { name: 'client' } } } }));
    const { status, body } = await ask({ port, sni: 'shop.example' });
    expect([status, JSON.parse(body)]).toMatchObject([200, { client: 'gateway', sni: 'back.example' }]);
  });

  it.each([['none'], ['ca']])('is not there when it cannot be had: %s', async (name) => {
    await publish(worlds({ tls: { backend: { clientCertificateRef: { name } } } }));
    expect((await ask({ port, sni: 'shop.example' })).status).toBe(503);
  });
});

describe('a certificate of a listener', () => {
  it('is shown from its first moment to its last', async () => {
    const text = gateway({ main: { secrets: ['dated'] } }) + tlsSecret('dated', EXPIRED);
    const at = async (time: string): Promise<unknown> => {
      const loaded = loadOnce(['-'], { stdin: Buffer.from(text) });
      const { proxies } = compile(loaded, DEFAULT_CONFIGURATION, () => Date.parse(time));
      for (const { xds } of proxies.values()) expect(await envoy.publish(lower(xds, undefined))).toEqual([]);
      return ask({ port, sni: 'shop.example' }).then(
        ({ status }) => status,
        () => 'refused',
      );
    };
    expect(await at('2020-06-01T00:00:00Z')).toBe(200);
    expect(await at('2021-01-01T00:00:01Z')).toBe('refused');
    expect(await at('2020-01-01T00:00:00Z')).toBe(200);
    expect(await at('2019-12-31T23:59:59Z')).toBe('refused');
  });

  it('leaves its host to no wider listener once it is over, which would ask nobody for a certificate', async () => {
    const [admin, open] = ['admin.shop.example', 'open.shop.example'];
    const everywhere = object('HTTPRoute', 'everywhere', {
      spec: {
        parentRefs: [{ name: 'shop' }],
        hostnames: [admin, open],
        rules: [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' }] }],
      },
    });
    const guard = object('ClientTrafficPolicy', 'guard', {
      spec: {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop', sectionName: 'admin' }],
        tls: { clientValidation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] } },
      },
    });
    const withCertificate = (certificate: Pair): Promise<void> =>
      publish(
        gateway({ admin: { hostname: admin, secrets: ['dated'] }, web: { hostname: '*.shop.example' } }),
        everywhere + guard + authorities('ca', ca.certificate) + tlsSecret('dated', certificate),
      );
    const pair = issue('good', {}, ca);
    const good = issue('dated', { dns: [admin] }, ca);

    await withCertificate(good);
    expect((await ask({ port, sni: admin, pair })).status).toBe(200);
    await expect(ask({ port, sni: admin })).rejects.toThrow(REFUSED);
    expect(await askTogether(port, open, [open, admin])).toEqual([200, 421]);

    await withCertificate(EXPIRED);
    for (const shown of [pair, undefined]) expect((await ask({ port, sni: admin, pair: shown })).status).toBe(421);
    expect(await askTogether(port, open, [open, admin])).toEqual([200, 421]);

    await withCertificate(good);
    expect((await ask({ port, sni: admin, pair })).status).toBe(200);
    await expect(ask({ port, sni: admin })).rejects.toThrow(REFUSED);
  });
});

describe('several certificates of a listener', () => {
  const keyType = async (ciphers: string): Promise<PeerCertificate> => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      servername: 'shop.example',
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.2',
      ciphers,
    });
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate;
  };

  it('are chosen by what the client can', async () => {
    await publish(
      gateway({ main: { secrets: ['server', 'rsa'] } }),
      tlsSecret('rsa', issue('rsa', { dns: ['shop.example'], key: 'RSA' }, ca)),
    );
    expect((await keyType('ECDHE-RSA-AES128-GCM-SHA256')).subject.CN).toBe('rsa');
    expect((await keyType('ECDHE-ECDSA-AES128-GCM-SHA256')).subject.CN).toBe('server');
  });

  it('are chosen by server name', async () => {
    await publish(
      gateway({ main: { secrets: ['server', 'other'] } }),
      tlsSecret('other', issue('other', { dns: ['other.example'] }, ca)),
    );
    const names: string[] = [];
    for (const servername of ['other.example', 'shop.example']) {
      const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      names.push(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }
    expect(names).toEqual(['other', 'server']);
  });
});
