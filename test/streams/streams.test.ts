import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { backend, CLASS, gatewayOf, manifest, to, yamlOf } from '../envoy/route-site.ts';
import { freePort } from '../process/sluice.ts';
import { KEY_SET } from '../property/policy-documents.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { authority, issue, type Pair } from '../tls/authority.ts';
import { startTcp, startTls, startUdp, type StreamBackEnd } from './back-ends.ts';
import { open, say, send, sendInVain } from './talk.ts';

let envoy: LiveEnvoy;
let root: Pair;
let pair: Pair;
const backEnds = new Map<string, StreamBackEnd>();

beforeAll(async () => {
  root = authority('root');
  pair = issue('shop.example', { dns: ['shop.example', '*.shop.example'] }, root);
  envoy = await startLiveEnvoy();
  for (const name of ['one', 'two']) backEnds.set(name, await startTcp(name));
  for (const name of ['udp-one', 'udp-two']) backEnds.set(name, await startUdp(name));
  for (const name of ['tls-one', 'tls-two']) backEnds.set(name, await startTls(name, pair));
});
afterAll(async () => {
  await envoy.stop();
  for (const one of backEnds.values()) await one.stop();
});

/** Serves a Gateway with these listeners, and these manifests beside it and the back-ends. */
async function serve(listeners: readonly object[], ...manifests: readonly object[]): Promise<void> {
  const all = [
    CLASS,
    gatewayOf(listeners),
    manifest('Secret', 'shop', {
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': pair.certificate, 'tls.key': pair.key },
    }),
    ...[...backEnds].map(([name, { port }]) => backend(name, [port])),
    ...manifests,
  ];
  const rejected = await envoy.publish(lower(compileText(yamlOf(all)), undefined));
  expect(rejected).toEqual([]);
}

function route(kind: string, name: string, backendRefs: readonly object[], rest: object = {}): object {
  return manifest(kind, name, { parentRefs: [{ name: 'shop' }], rules: [{ backendRefs }], ...rest });
}

/** What is answered to so many questions, each answer with how often it came. */
async function counted(times: number, ask: () => Promise<string>): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let time = 0; time < times; time += 1) {
    const answer = await ask();
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return counts;
}

const JWT = { name: 'p', localJWKS: { type: 'Inline', inline: KEY_SET } };
const HEADERS = {
  authorization: {
    defaultAction: 'Deny',
    rules: [{ action: 'Allow', principal: { headers: [{ name: 'x-user', values: ['a'] }] } }],
  },
};
const DENIED_BY_HEADER = {
  authorization: {
    defaultAction: 'Allow',
    rules: [{ action: 'Deny', principal: { headers: [{ name: 'x-user', values: ['a'] }] } }],
  },
};

describe('a TCPRoute', () => {
  it('passes connections on', async () => {
    const port = await freePort();
    await serve([{ name: 'tcp', protocol: 'TCP', port }], route('TCPRoute', 'a', [to('one')]));
    expect(await say(port, 'hello')).toBe('one: hello');
  });

  it('shares connections out by weight; that of a back-end that cannot be had is closed', async () => {
    const port = await freePort();
    const refs = [
      to('one', { weight: 3 }),
      to('two', { weight: 1 }),
      to('none', { weight: 4 }),
      to('two', { weight: 0 }),
    ];
    await serve([{ name: 'tcp', protocol: 'TCP', port }], route('TCPRoute', 'a', refs));
    const counts = await counted(240, () => say(port, 'x'));
    expect([...counts.keys()].sort()).toEqual(['closed', 'one: x', 'two: x']);
    expect(counts.get('closed')).toBeGreaterThan(80);
    expect(counts.get('closed')).toBeLessThan(160);
    expect(counts.get('one: x')).toBeGreaterThan(counts.get('two: x') ?? 0);
  });

  it('keeps the connections that it has when its back-ends change, and new ones go where it says', async () => {
    const port = await freePort();
    const listeners = [{ name: 'tcp', protocol: 'TCP', port }];
    await serve(listeners, route('TCPRoute', 'a', [to('one')]));
    const connection = open(port);
    expect(await connection.say('a')).toBe('one: a');
    await serve(listeners, route('TCPRoute', 'a', [to('two')]));
    expect(await say(port, 'x')).toBe('two: x');
    expect(await connection.say('b')).toBe('one: b');
    connection.close();
    const stats = await envoy.admin('/stats?filter=listener_manager.*(drain|in_place)');
    expect(stats).toContain('listener_manager.total_filter_chains_draining: 0');
  });

  it('is one of several: the oldest has the listener', async () => {
    const port = await freePort();
    await serve(
      [{ name: 'tcp', protocol: 'TCP', port }],
      route('TCPRoute', 'b', [to('two')]),
      route('TCPRoute', 'a', [to('one')]),
    );
    expect(await say(port, 'x')).toBe('one: x');
  });

  it('is needed for anything to be passed on', async () => {
    const port = await freePort();
    await serve([{ name: 'tcp', protocol: 'TCP', port }]);
    expect(await say(port, 'x')).toBe('closed');
  });

  it('ends connections on which nothing comes for as long as a ClientTrafficPolicy says, and no others', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const listeners = [
      { name: 'short', protocol: 'TCP', port },
      { name: 'long', protocol: 'TCP', port: other },
    ];
    const policy = manifest('ClientTrafficPolicy', 'idle', {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop', sectionName: 'short' }],
      timeout: { tcp: { idleTimeout: '2s' } },
    });
    await serve(listeners, route('TCPRoute', 'a', [to('one')]), policy);
    const [short, long] = [open(port), open(other)];
    expect([await short.say('a'), await long.say('a')]).toEqual(['one: a', 'one: a']);
    await expect.poll(() => short.isClosed()).toBe(true);
    expect(await long.say('b')).toBe('one: b');
    long.close();
  });

  it('gets what comes out of TLS', async () => {
    const port = await freePort();
    const tls = { certificateRefs: [{ name: 'shop' }] };
    await serve([{ name: 'tls', protocol: 'TLS', port, tls }], route('TCPRoute', 'a', [to('one')]));
    expect(await say(port, 'x', { servername: 'any.shop.example', ca: root.certificate })).toBe('one: x');
  });
});

describe('a UDPRoute', () => {
  it('passes datagrams on, beside TCP on the same port', async () => {
    const port = await freePort();
    const listeners = ['TCP', 'UDP'].map((protocol) => ({ name: protocol.toLowerCase(), protocol, port }));
    await serve(listeners, route('TCPRoute', 'a', [to('one')]), route('UDPRoute', 'a', [to('udp-one')]));
    expect(await send(port, 'hello')).toBe('udp-one: hello');
    expect(await say(port, 'hello')).toBe('one: hello');
  });

  it('shares datagrams out by weight; those of a back-end that cannot be had are dropped', async () => {
    const port = await freePort();
    const refs = [to('udp-one', { weight: 6 }), to('none', { weight: 2 }), to('udp-two', { weight: 2 })];
    await serve([{ name: 'udp', protocol: 'UDP', port }], route('UDPRoute', 'a', refs));
    const counts = new Map<string, number>();
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(port, 'x', 5_000)));
    for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(['nothing', 'udp-one: x', 'udp-two: x']);
    for (const answer of ['nothing', 'udp-two: x']) {
      expect(counts.get(answer)).toBeGreaterThan(15);
      expect(counts.get(answer)).toBeLessThan(75);
    }
  });
});

describe('policies', () => {
  const policy = (kind: string, spec: object, target = 'TCPRoute', name = 'a') =>
    manifest(kind, 'policy', {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: target, name }],
      ...spec,
    });
  const authorization = (action: string, clientCIDRs: readonly string[]) => ({
    authorization: {
      defaultAction: action === 'Allow' ? 'Deny' : 'Allow',
      rules: [{ action, principal: { clientCIDRs } }],
    },
  });
  const own = (kind = 'TCPRoute') => route(kind, 'a', [to(kind === 'UDPRoute' ? 'udp-one' : 'one')]);

  it.each([
    ['lets those in whom it allows', authorization('Allow', ['127.0.0.0/8']), 'one: x'],
    ['keeps everybody else out', authorization('Allow', ['10.0.0.0/8', 'fd00::/8']), 'closed'],
    ['keeps those out whom it denies', authorization('Deny', ['10.0.0.0/8', '127.0.0.1/32']), 'closed'],
    ['closes what it cannot guard', { jwt: { providers: [JWT] } }, 'closed'],
    ['closes what it says in terms of requests', HEADERS, 'closed'],
  ])('SecurityPolicy of a TCPRoute: %s', async (_, spec, answer) => {
    const port = await freePort();
    await serve([{ name: 'tcp', protocol: 'TCP', port }], own(), policy('SecurityPolicy', spec));
    expect(await say(port, 'x')).toBe(answer);
  });

  it.each([
    ['is held against connections as far as it is about clients', authorization('Deny', ['127.0.0.0/8']), 'closed'],
    ['leaves connections alone where it is about requests', { jwt: { providers: [JWT] } }, 'one: x'],
    ['keeps those out whom a rule of requests may be about', DENIED_BY_HEADER, 'closed'],
    [
      'is needed whole',
      { jwt: { providers: [{ ...JWT, localJWKS: { type: 'Inline', inline: 'no keys' } }] } },
      'closed',
    ],
  ])('SecurityPolicy of the Gateway: %s', async (_, spec, answer) => {
    const port = await freePort();
    await serve([{ name: 'tcp', protocol: 'TCP', port }], own(), policy('SecurityPolicy', spec, 'Gateway', 'shop'));
    expect(await say(port, 'x')).toBe(answer);
  });

  it.each([
    ['Deny', ['10.0.0.0/8'], '10.1.2.3', 'closed'],
    ['Deny', ['10.0.0.0/8'], '::ffff:10.1.2.3', 'closed'],
    ['Deny', ['10.0.0.0/8'], '::ffff:11.1.2.3', 'one: x'],
    ['Allow', ['10.0.0.0/8'], '::ffff:10.1.2.3', 'one: x'],
    ['Allow', ['10.0.0.0/8'], '::ffff:11.1.2.3', 'closed'],
    ['Allow', ['::/0', '11.0.0.0/8'], '::ffff:10.1.2.3', 'closed'],
    ['Allow', ['::/0', '11.0.0.0/8'], '::ffff:11.1.2.3', 'one: x'],
    ['Allow', ['::/0'], '::ffff:10.1.2.3', 'closed'],
    ['Allow', ['::/0'], 'fd00::1', 'one: x'],
    ['Deny', ['::ffff:10.0.0.0/104'], '10.1.2.3', 'closed'],
  ])('takes IPv4 within IPv6 for IPv4: %s of %j, a client at %s', async (action, blocks, client, answer) => {
    const port = await freePort();
    await serve(
      [{ name: 'tcp', protocol: 'TCP', port }],
      own(),
      policy('SecurityPolicy', authorization(action, blocks)),
      manifest('ClientTrafficPolicy', 'clients', {
        targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }],
        proxyProtocol: {},
      }),
    );
    const [version, own4] = client.includes(':') ? ['TCP6', '::1'] : ['TCP4', '127.0.0.1'];
    expect(await say(port, `PROXY ${version} ${client} ${own4} 5 6\r\nx`)).toBe(answer);
  });

  it('of a UDPRoute drops datagrams, which nobody can be told of', async () => {
    const port = await freePort();
    await serve(
      [{ name: 'udp', protocol: 'UDP', port }],
      own('UDPRoute'),
      policy('SecurityPolicy', authorization('Allow', ['127.0.0.0/8']), 'Gateway', 'shop'),
    );
    expect(await sendInVain(port, 'x')).toBe('nothing');
  });

  it('say how back-ends are talked to', async () => {
    const port = await freePort();
    const spec = {
      proxyProtocol: { version: 'V1' },
      tcpKeepalive: { probes: 3 },
      timeout: { tcp: { connectTimeout: '2s' } },
    };
    await serve([{ name: 'tcp', protocol: 'TCP', port }], own(), policy('BackendTrafficPolicy', spec));
    expect(await say(port, 'x')).toMatch(/^one: PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n/u);
  });

  it('send a client to the same endpoint', async () => {
    const port = await freePort();
    const ports = ['one', 'two'].map((name) => backEnds.get(name)?.port ?? 0);
    await serve(
      [{ name: 'tcp', protocol: 'TCP', port }],
      manifest('TCPRoute', 'a', { parentRefs: [{ name: 'shop' }], rules: [{ backendRefs: [to('both')] }] }),
      backend('both', ports),
      policy('BackendTrafficPolicy', {
        loadBalancer: { type: 'ConsistentHash', consistentHash: { type: 'SourceIP' } },
      }),
    );
    expect((await counted(20, () => say(port, 'x'))).size).toBe(1);
  });
});

describe('TLSRoutes', () => {
  const passed = { mode: 'Passthrough' };

  it('lead connections on by server name, as they are', async () => {
    const port = await freePort();
    await serve(
      [{ name: 'tls', protocol: 'TLS', port, tls: passed }],
      route('TLSRoute', 'exact', [to('tls-one')], { hostnames: ['a.shop.example'] }),
      route('TLSRoute', 'wide', [to('tls-two')], { hostnames: ['*.shop.example'] }),
    );
    const ask = (servername: string) => say(port, 'x', { servername, ca: root.certificate });
    expect(await ask('a.shop.example')).toBe('tls-one a.shop.example: x');
    expect(await ask('b.shop.example')).toBe('tls-two b.shop.example: x');
    expect(await say(port, 'x', { servername: 'elsewhere.example' })).toBe('closed');
    expect(await say(port, 'hello, this is no TLS')).toBe('closed');
  });

  it('get only the server names that their listener has, too', async () => {
    const port = await freePort();
    await serve(
      [{ name: 'tls', protocol: 'TLS', port, hostname: 'a.shop.example', tls: passed }],
      route('TLSRoute', 'wide', [to('tls-one')], { hostnames: ['*.shop.example'] }),
    );
    expect(await say(port, 'x', { servername: 'a.shop.example' })).toBe('tls-one a.shop.example: x');
    expect(await say(port, 'x', { servername: 'b.shop.example' })).toBe('closed');
  });

  it('share a port with one another, terminated or not, and with HTTPS', async () => {
    const port = await freePort();
    const terminated = { certificateRefs: [{ name: 'shop' }] };
    await serve(
      [
        { name: 'passed', protocol: 'TLS', port, hostname: 'passed.shop.example', tls: passed },
        { name: 'ended', protocol: 'TLS', port, hostname: 'ended.shop.example', tls: terminated },
        { name: 'web', protocol: 'HTTPS', port, hostname: 'web.shop.example', tls: terminated },
      ],
      route('TLSRoute', 'passed', [to('tls-one')], { hostnames: ['passed.shop.example'] }),
      route('TLSRoute', 'ended', [to('one')], { hostnames: ['ended.shop.example'] }),
    );
    const ask = (servername: string, text = 'x') => say(port, text, { servername, ca: root.certificate });
    expect(await ask('passed.shop.example')).toBe('tls-one passed.shop.example: x');
    expect(await ask('ended.shop.example')).toBe('one: x');
    expect(await ask('web.shop.example', 'GET / HTTP/1.1\r\nhost: web.shop.example\r\n\r\n')).toMatch(
      /^HTTP\/1.1 404/u,
    );
  });

  it('get none of the server names of a listener that waits for its certificate', async () => {
    const port = await freePort();
    const listeners = (secret: string) => [
      { name: 'passed', protocol: 'TLS', port, hostname: '*.shop.example', tls: passed },
      {
        name: 'ended',
        protocol: 'TLS',
        port,
        hostname: 'a.shop.example',
        tls: { certificateRefs: [{ name: secret }] },
      },
    ];
    const wide = (sectionName: string, name: string, backEnd: string) =>
      route('TLSRoute', name, [to(backEnd)], {
        parentRefs: [{ name: 'shop', sectionName }],
        hostnames: ['*.shop.example', 'a.shop.example'],
      });
    const routes = [wide('passed', 'passed', 'tls-one'), wide('ended', 'ended', 'one')];
    const ask = (servername: string) => say(port, 'x', { servername, ca: root.certificate });
    await serve(listeners('shop'), ...routes);
    expect([await ask('a.shop.example'), await ask('b.shop.example')]).toEqual(['one: x', 'tls-one b.shop.example: x']);
    await serve(listeners('none'), ...routes);
    expect([await ask('a.shop.example'), await ask('b.shop.example')]).toEqual(['closed', 'tls-one b.shop.example: x']);
  });

  it('get none of the server names of a narrower listener, be it without a route', async () => {
    const port = await freePort();
    const terminated = { certificateRefs: [{ name: 'shop' }] };
    const named = (name: string, hostname: string, tls: object = passed, protocol = 'TLS') => ({
      name,
      protocol,
      port,
      hostname,
      tls,
    });
    const listeners = [
      named('wide', '*.shop.example'),
      named('admin', 'admin.shop.example'),
      named('ended', 'ended.shop.example', terminated),
      named('team', '*.team.shop.example'),
      named('web', '*.web.example', terminated, 'HTTPS'),
      named('of-web', 'admin.web.example'),
    ];
    const on = (sectionName: string, backEnd: string, hostname: string) =>
      route('TLSRoute', sectionName, [to(backEnd)], {
        parentRefs: [{ name: 'shop', sectionName }],
        hostnames: [hostname],
      });
    const ask = (servername: string) => say(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n', { servername });
    const routes = [on('wide', 'tls-one', '*.shop.example'), on('team', 'tls-two', 'a.team.shop.example')];
    await serve(listeners, ...routes);
    expect(await ask('open.shop.example')).toMatch(/^tls-one open.shop.example/u);
    expect(await ask('a.team.shop.example')).toMatch(/^tls-two a.team.shop.example/u);
    const closed = ['admin.shop.example', 'ended.shop.example', 'b.team.shop.example', 'admin.web.example'];
    for (const name of closed) expect([name, await ask(name)]).toEqual([name, 'closed']);

    await serve(listeners, ...routes, on('admin', 'tls-two', 'admin.shop.example'));
    expect(await ask('admin.shop.example')).toMatch(/^tls-two admin.shop.example/u);
    expect(await ask('ended.shop.example')).toBe('closed');
  });

  it('keep the connections of one another when one comes or changes', async () => {
    const port = await freePort();
    const listeners = [{ name: 'tls', protocol: 'TLS', port, tls: passed }];
    const first = route('TLSRoute', 'a', [to('tls-one')], { hostnames: ['a.shop.example'] });
    await serve(listeners, first);
    const connection = open(port, { servername: 'a.shop.example' });
    expect(await connection.say('a')).toBe('tls-one a.shop.example: a');
    await serve(listeners, first, route('TLSRoute', 'b', [to('tls-two')], { hostnames: ['b.shop.example'] }));
    expect(await say(port, 'x', { servername: 'b.shop.example' })).toBe('tls-two b.shop.example: x');
    expect(await connection.say('b')).toBe('tls-one a.shop.example: b');
    connection.close();
  });
});

describe('a back-end of another namespace', () => {
  const grant = (kind: string): object => ({
    ...manifest('ReferenceGrant', 'let-in', {
      from: [{ group: 'gateway.networking.k8s.io', kind, namespace: 'default' }],
      to: [{ group: 'gateway.envoyproxy.io', kind: 'Backend' }],
    }),
    metadata: { name: 'let-in', namespace: 'far' },
  });
  const far = (name: string): object => ({
    ...backend(name, [backEnds.get(name)?.port ?? 0]),
    metadata: { name, namespace: 'far' },
  });

  it.each([
    {
      kind: 'TCPRoute',
      name: 'two',
      listener: { protocol: 'TCP' },
      ask: (port: number) => say(port, 'x'),
      had: 'two: x',
      not: 'closed',
    },
    {
      kind: 'TLSRoute',
      name: 'tls-two',
      listener: { protocol: 'TLS', tls: { mode: 'Passthrough' } },
      ask: (port: number) => say(port, 'x', { servername: 'a.shop.example' }),
      had: 'tls-two a.shop.example: x',
      not: 'closed',
    },
    {
      kind: 'UDPRoute',
      name: 'udp-two',
      listener: { protocol: 'UDP' },
      ask: (port: number, isHad = false) => (isHad ? send : sendInVain)(port, 'x'),
      had: 'udp-two: x',
      not: 'nothing',
    },
  ])('is had by a $kind as long as a ReferenceGrant lets it; others go on', async (one) => {
    const [port, other] = [await freePort(), await freePort()];
    const listeners = [
      { name: 'granted', port, ...one.listener },
      { name: 'near', protocol: 'TCP', port: other },
    ];
    const rest = one.kind === 'TLSRoute' ? { hostnames: ['a.shop.example'] } : {};
    const of = (kind: string, name: string, sectionName: string, ref: object, more: object = {}): object =>
      manifest(kind, name, { parentRefs: [{ name: 'shop', sectionName }], rules: [{ backendRefs: [ref] }], ...more });
    const always = [
      far(one.name),
      of(one.kind, 'a', 'granted', to(one.name, { namespace: 'far' }), rest),
      of('TCPRoute', 'near', 'near', to('one')),
    ];
    await serve(listeners, ...always);
    expect(await one.ask(port)).toBe(one.not);
    const neighbour = open(other);
    expect(await neighbour.say('a')).toBe('one: a');

    await serve(listeners, ...always, grant(one.kind));
    expect(await one.ask(port, true)).toBe(one.had);
    await serve(listeners, ...always, grant('HTTPRoute'));
    expect(await one.ask(port)).toBe(one.not);
    expect(await neighbour.say('b')).toBe('one: b');
    neighbour.close();
  });
});

describe('a BackendTLSPolicy', () => {
  it.each([
    ['a TCPRoute', { protocol: 'TCP' }, 'TCPRoute'],
    ['what a TLSRoute has ended', { protocol: 'TLS', tls: { certificateRefs: [{ name: 'shop' }] } }, 'TLSRoute'],
  ])('makes the connections of %s to its Service TLS', async (_, listener, kind) => {
    const port = await freePort();
    const hostnames = kind === 'TLSRoute' ? { hostnames: ['a.shop.example'] } : {};
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports: [{ port: 443 }] } };
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 's', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ port: backEnds.get('tls-one')?.port ?? 0 }],
    };
    const policy = manifest('BackendTLSPolicy', 's', {
      targetRefs: [{ group: '', kind: 'Service', name: 's' }],
      validation: {
        hostname: 'shop.example',
        caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }],
      },
    });
    const ca = manifest('ConfigMap', 'ca', { data: { 'ca.crt': root.certificate } });
    const all = [route(kind, 'a', [{ name: 's', port: 443 }], hostnames), service, slice, ca];
    await serve([{ name: 'l', port, ...listener }], ...all, policy);
    const options = kind === 'TLSRoute' ? { servername: 'a.shop.example', ca: root.certificate } : {};
    expect(await say(port, 'x', options)).toBe('tls-one shop.example: x');
  });
});
