import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { compile } from '#controller/compile.ts';
import { DEFAULT_CONFIGURATION } from '#controller/configuration.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { freePort } from '../process/sluice.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { authority, EXPIRED, issue, type Pair } from './authority.ts';
import { authorities, CLASS, object, pathRoute, service, tlsSecret } from './manifests.ts';
import { type SecureBackEnd, startSecureBackEnd, type Told } from './secure-back-end.ts';

let envoy: LiveEnvoy;
let port: number;
let ca: Pair;
let stranger: Pair;
let plain: SecureBackEnd;
let strict: SecureBackEnd;
beforeAll(async () => {
  ca = authority('ours');
  stranger = authority('stranger');
  [envoy, port] = await Promise.all([startLiveEnvoy(), freePort()]);
  const dns = ['abc.example.com', '*.wild.example.com'];
  const pair = issue('back-end', { dns, uris: ['spiffe://abc.example.com/identity'] }, ca);
  plain = await startSecureBackEnd(pair);
  strict = await startSecureBackEnd(pair, ca.certificate);
});
afterAll(async () => {
  await envoy.stop();
  await plain.stop();
  await strict.stop();
});

const serviceRef = { name: 'echo', port: 443 };
const backendRef = { group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' };

function gateway(more: object = {}): string {
  return object('Gateway', 'shop', {
    spec: { gatewayClassName: 'sluice', listeners: [{ name: 'http', protocol: 'HTTP', port }], ...more },
  });
}

async function publish(...manifests: readonly string[]): Promise<void> {
  const all = [CLASS, gateway(), ...manifests].join('');
  expect(await envoy.publish(lower(compileText(all), undefined))).toEqual([]);
}

function policy(validation: object, name = 'echo', target: object = {}): string {
  const targetRefs = [{ group: '', kind: 'Service', name: 'echo', ...target }];
  return object('BackendTLSPolicy', name, { spec: { targetRefs, validation } });
}

const byCa = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }], hostname: 'abc.example.com' };

interface Answer {
  readonly status: number | undefined;
  readonly told: Told | undefined;
}

function send(path: string, host = 'shop.example'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const { statusCode: status } = response;
        resolve({ status, told: status === 200 ? JSON.parse(String(Buffer.concat(chunks))) : undefined });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

describe('a BackendTLSPolicy', () => {
  const world = (): readonly string[] => [
    service('echo', plain.port),
    pathRoute('a', serviceRef),
    authorities('ca', ca.certificate),
    authorities('stranger', stranger.certificate),
  ];

  it('speaks TLS with the server name of hostname, TLS 1.3 and HTTP/2 where the back-end offers them', async () => {
    await publish(...world(), policy(byCa));
    expect(await send('/a')).toEqual({
      status: 200,
      told: { sni: 'abc.example.com', http: '2.0', tls: 'TLSv1.3', client: '' },
    });
  });

  it.each([
    ['a certificate for another name', () => ({ ...byCa, hostname: 'other.example.com' })],
    [
      'an authority that nobody trusts',
      () => ({ ...byCa, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'stranger' }] }),
    ],
    [
      'the authorities of the machine, which this is none of',
      () => ({ wellKnownCACertificates: 'System', hostname: 'abc.example.com' }),
    ],
    [
      'a name that the certificate has not',
      () => ({ ...byCa, subjectAltNames: [{ type: 'Hostname', hostname: 'no.example.com' }] }),
    ],
    [
      'a URI that the certificate has not',
      () => ({ ...byCa, subjectAltNames: [{ type: 'URI', uri: 'spiffe://abc.example.com/other' }] }),
    ],
  ])('refuses %s', async (_what, validation) => {
    await publish(...world(), policy(validation()));
    expect((await send('/a')).status).toBe(503);
  });

  it.each([
    ['a name', { type: 'Hostname', hostname: 'abc.example.com' }],
    ['a URI', { type: 'URI', uri: 'spiffe://abc.example.com/identity' }],
  ])('asks for %s among subjectAltNames instead of the server name', async (_what, name) => {
    await publish(
      ...world(),
      policy({
        ...byCa,
        hostname: 'sni.example.com',
        subjectAltNames: [{ type: 'Hostname', hostname: 'x.example' }, name],
      }),
    );
    expect((await send('/a')).told?.sni).toBe('sni.example.com');
  });

  it('takes a wildcard certificate', async () => {
    await publish(...world(), policy({ ...byCa, hostname: 'one.wild.example.com' }));
    expect((await send('/a')).status).toBe(200);
  });

  it('trusts every authority of several references', async () => {
    const names = ['stranger', 'ca'].map((name) => ({ group: '', kind: 'ConfigMap', name }));
    await publish(...world(), policy({ ...byCa, caCertificateRefs: names }));
    expect((await send('/a')).status).toBe(200);
  });

  it('trusts authorities beside which another one is over', async () => {
    await publish(
      service('echo', plain.port),
      pathRoute('a', serviceRef),
      authorities('ca', EXPIRED.certificate, ca.certificate),
      policy(byCa),
    );
    expect((await send('/a')).status).toBe(200);
  });

  it('takes authorities from a Secret', async () => {
    await publish(
      ...world(),
      object('Secret', 'ca', { stringData: { 'ca.crt': ca.certificate } }),
      policy({ ...byCa, caCertificateRefs: [{ group: '', kind: 'Secret', name: 'ca' }] }),
    );
    expect((await send('/a')).status).toBe(200);
  });

  it.each([
    ['a ConfigMap that does not exist', [{ group: '', kind: 'ConfigMap', name: 'none' }], ''],
    [
      'a good one beside a missing one',
      [
        { group: '', kind: 'ConfigMap', name: 'ca' },
        { group: '', kind: 'ConfigMap', name: 'none' },
      ],
      '',
    ],
    [
      'what is no certificate',
      [{ group: '', kind: 'ConfigMap', name: 'bad' }],
      object('ConfigMap', 'bad', { data: { 'ca.crt': 'none' } }),
    ],
    [
      'an authority that is over',
      [{ group: '', kind: 'ConfigMap', name: 'bad' }],
      object('ConfigMap', 'bad', { data: { 'ca.crt': EXPIRED.certificate } }),
    ],
    ['an empty ConfigMap', [{ group: '', kind: 'ConfigMap', name: 'bad' }], object('ConfigMap', 'bad', { data: {} })],
    ['a kind that holds no certificates', [{ group: 'invalid.io', kind: 'Invalid', name: 'ca' }], ''],
  ])('sends nothing, and nothing in the clear, with %s', async (_what, caCertificateRefs, more) => {
    await publish(...world(), more, policy({ ...byCa, caCertificateRefs }));
    expect((await send('/a')).status).toBe(500);
  });

  it('follows new authorities without another cluster', async () => {
    const rotating = policy({ ...byCa, caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'rotating' }] });
    const rest = service('echo', plain.port) + pathRoute('a', serviceRef) + rotating;
    await publish(rest, authorities('rotating', stranger.certificate));
    expect((await send('/a')).status).toBe(503);
    const before = await clusterChanges();
    await publish(rest, authorities('rotating', ca.certificate));
    await expect.poll(async () => (await send('/a')).status).toBe(200);
    expect(await clusterChanges()).toEqual(before);
  });

  it('for a port goes before one for all, and of two for the same the older one, then the first by name, counts', async () => {
    const wrong = { ...byCa, hostname: 'wrong.example.com' };
    const aged = (text: string, created: string): string =>
      text.replace('"metadata":{', `"metadata":{"creationTimestamp":"${created}",`);
    const port443 = { sectionName: 'https' };
    const answered = async (...policies: readonly string[]): Promise<number | undefined> => {
      await publish(...world(), ...policies);
      return (await send('/a')).status;
    };
    expect(await answered(policy(wrong, 'a'), policy(byCa, 'b', port443))).toBe(200);
    expect(await answered(policy(byCa, 'a'), policy(wrong, 'b', port443))).toBe(503);
    expect(await answered(policy(byCa, 'a'), policy(wrong, 'b'))).toBe(200);
    expect(await answered(policy(wrong, 'a'), policy(byCa, 'b'))).toBe(503);
    const [older, newer] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'] as const;
    expect(await answered(aged(policy(wrong, 'a'), newer), aged(policy(byCa, 'b'), older))).toBe(200);
  });

  it('may trust the authorities of the machine', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
    const file = join(folder, 'ca.pem');
    await writeFile(file, ca.certificate);
    const byMachine = policy({ wellKnownCACertificates: 'System', hostname: 'abc.example.com' });
    const text = [CLASS, gateway(), ...world(), byMachine].join('');
    const loaded = loadOnce(['-'], { stdin: Buffer.from(text) });
    const [proxy] = compile(loaded, { ...DEFAULT_CONFIGURATION, systemTrust: file }).proxies.values();
    if (proxy === undefined) throw new Error('the manifests make no proxy');
    expect(await envoy.publish(lower(proxy.xds, undefined))).toEqual([]);
    expect((await send('/a')).status).toBe(200);
    await rm(folder, { recursive: true });
  });

  it('lets WebSockets through', async () => {
    await publish(
      service('echo', plain.port, 'kubernetes.io/wss'),
      pathRoute('a', serviceRef),
      authorities('ca', ca.certificate),
      policy(byCa),
    );
    const client = new WebSocket(`ws://127.0.0.1:${port}/a`);
    await once(client, 'open');
    client.send('hello');
    const [message] = await once(client, 'message');
    expect(String(message)).toBe('hello');
    client.terminate();
  });
});

/** How often Envoy took or changed a cluster. */
async function clusterChanges(): Promise<readonly string[]> {
  const stats = await envoy.admin('/stats');
  return stats.match(/cluster_manager\.cluster_(?:added|modified): \d+/gu) ?? [];
}

describe('a Backend with tls', () => {
  const backend = (tls: object | undefined, to = plain.port, more: object = {}): string =>
    object('Backend', 'echo', {
      spec: { endpoints: [{ ip: { address: '127.0.0.1', port: to } }], ...(tls === undefined ? {} : { tls }), ...more },
    });
  const trusted = { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }] };
  const rest = (): readonly string[] => [pathRoute('a', backendRef), authorities('ca', ca.certificate)];

  it('is spoken to with its server name', async () => {
    await publish(...rest(), backend({ ...trusted, sni: 'abc.example.com' }));
    expect((await send('/a')).told?.sni).toBe('abc.example.com');
  });

  it('is asked for the host of the request where it states no name, and has to be that', async () => {
    await publish(...rest(), backend(trusted));
    expect((await send('/a', 'abc.example.com')).told?.sni).toBe('abc.example.com');
    expect((await send('/a', 'other.example.com')).status).toBe(503);
  });

  it('is not asked who it is with insecureSkipVerify', async () => {
    await publish(pathRoute('a', backendRef), backend({ insecureSkipVerify: true, sni: 'x.example' }));
    expect((await send('/a')).told?.sni).toBe('x.example');
  });

  it('is shown a certificate', async () => {
    const pair = issue('gateway', {}, ca);
    await publish(
      ...rest(),
      tlsSecret('client', pair),
      backend({ ...trusted, sni: 'abc.example.com', clientCertificateRef: { name: 'client' } }, strict.port),
    );
    expect((await send('/a')).told?.client).toBe('gateway');
    await publish(...rest(), backend({ ...trusted, sni: 'abc.example.com' }, strict.port));
    expect((await send('/a')).status).toBe(503);
  });

  it('is spoken to in the version of TLS and HTTP that it wants', async () => {
    const tls = { ...trusted, sni: 'abc.example.com', maxVersion: '1.2', ciphers: ['ECDHE-ECDSA-AES128-GCM-SHA256'] };
    await publish(...rest(), backend({ ...tls, alpnProtocols: ['http/1.1'] }));
    expect((await send('/a')).told).toMatchObject({ tls: 'TLSv1.2', http: '1.1' });
  });

  it('is trusted as a BackendTLSPolicy says, which goes first', async () => {
    const target = { group: 'gateway.envoyproxy.io', kind: 'Backend', sectionName: String(plain.port) };
    await publish(
      ...rest(),
      backend({ insecureSkipVerify: true }),
      policy({ ...byCa, hostname: 'no.example' }, 'echo', target),
    );
    expect((await send('/a')).status).toBe(503);
    await publish(...rest(), backend({ insecureSkipVerify: true }), policy(byCa, 'echo', target));
    expect((await send('/a')).told?.sni).toBe('abc.example.com');
  });

  it.each([
    ['no authority', {}],
    [
      'a certificate of its own that does not exist',
      { insecureSkipVerify: true, clientCertificateRef: { name: 'none' } },
    ],
    ['a cipher that nobody knows', { insecureSkipVerify: true, ciphers: ['ROT13'] }],
    ['a curve that nobody knows', { insecureSkipVerify: true, ecdhCurves: ['P-1'] }],
  ])('gets nothing with %s', async (_what, tls) => {
    await publish(...rest(), backend(tls));
    expect((await send('/a')).status).toBe(500);
  });

  it('gets nothing in the clear when it wants wss without tls', async () => {
    await publish(...rest(), backend(undefined, plain.port, { appProtocols: ['gateway.envoyproxy.io/wss'] }));
    expect((await send('/a')).status).toBe(500);
  });
});
