import { describe, expect, it } from 'vitest';
import { authority } from '#test/tls/authority.ts';
import { DEFAULT_SETTINGS } from '../compile.ts';
import { httpChains } from '../ir/listener.ts';
import { admit } from '../provider/admit.ts';
import { ResourceStore } from '../resources/store.ts';
import { createTranslator } from '../translate.ts';

const GROUP = 'gateway.networking.k8s.io';
const OURS = ['EnvoyProxy', 'Backend'];
const document = (kind: string, name: string, spec: object) => ({
  apiVersion: OURS.includes(kind) ? 'gateway.envoyproxy.io/v1alpha1' : `${GROUP}/v1`,
  kind,
  metadata: { name },
  spec,
});
const GATEWAY_CLASS = document('GatewayClass', 'c', { controllerName: DEFAULT_SETTINGS.controllerName });

/** A translator that remembers, and what it makes of the chains of a proxy. */
function world(proxy = 'default/g') {
  const store = new ResourceStore();
  const translate = createTranslator(DEFAULT_SETTINGS);
  const chains = (documents: readonly object[]) => {
    for (const written of documents) {
      const admitted = admit(written);
      if (admitted.kind !== 'resource') throw new Error(JSON.stringify(admitted));
      store.upsert(admitted.resource);
    }
    return translate(store).proxies.get(proxy)?.xds.listeners ?? [];
  };
  return {
    chains,
    /** How many routes each virtual host has, by host name. */
    answers: (documents: readonly object[]): { readonly [hostname: string]: number } => {
      const hosts = chains(documents).flatMap(httpChains);
      const found = hosts.flatMap(({ virtualHosts }) => virtualHosts.flat());
      return Object.fromEntries(found.map(({ hostname, routes }) => [hostname, routes.length]));
    },
  };
}

const NO_KIND = { allowedRoutes: { kinds: [{ kind: 'TCPRoute' }] } };
const NO_SELECTOR = { allowedRoutes: { namespaces: { from: 'Selector' } } };
const wide = { name: 'wide', protocol: 'HTTP', port: 80, hostname: '*.example.com' };
const narrow = { name: 'narrow', protocol: 'HTTP', port: 80, hostname: 'secret.example.com' };
const gateway = (listeners: readonly object[], more: object = {}) =>
  document('Gateway', 'g', { gatewayClassName: 'c', listeners, ...more });
const set = (name: string, listeners: readonly object[]) =>
  document('ListenerSet', name, { parentRef: { name: 'g' }, listeners });
const ALLOWED = { allowedListeners: { namespaces: { from: 'Same' } } };
const route = (...parentRefs: readonly object[]) =>
  document('HTTPRoute', 'r', {
    parentRefs,
    hostnames: ['secret.example.com', 'open.example.com'],
    rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] }],
  });
const toSet = (name: string) => ({ group: GROUP, kind: 'ListenerSet', name });

const OPEN = { '*.example.com': 0, 'open.example.com': 1, 'secret.example.com': 1 };
const CLOSED = { ...OPEN, 'secret.example.com': 0 };

describe('the host of a listener that is not served', () => {
  it.each([
    ['that allows no kind of route', { ...narrow, ...NO_KIND }],
    ['that selects namespaces by nothing', { ...narrow, ...NO_SELECTOR }],
  ])('is not served by a wider one: a listener %s', (_, listener) => {
    expect(world().answers([GATEWAY_CLASS, gateway([wide, listener]), route({ name: 'g' })])).toEqual(CLOSED);
    expect(world().answers([GATEWAY_CLASS, gateway([listener, wide]), route({ name: 'g' })])).toEqual(CLOSED);
  });

  it('is served neither by a wider one nor by a ListenerSet that it keeps it from', () => {
    const mine = gateway([wide, { ...narrow, ...NO_KIND }], ALLOWED);
    const documents = [mine, set('late', [narrow]), route({ name: 'g' }, toSet('late'))];
    expect(world().answers([GATEWAY_CLASS, ...documents])).toEqual(CLOSED);
  });

  it('is served by whoever has it before others', () => {
    const documents = [gateway([wide, narrow], ALLOWED), set('late', [narrow]), route({ name: 'g' }, toSet('late'))];
    expect(world().answers([GATEWAY_CLASS, ...documents])).toEqual(OPEN);
  });

  it('is served by another one that it does not keep it from', () => {
    const mine = gateway([wide, { ...narrow, ...NO_SELECTOR }], ALLOWED);
    const documents = [mine, set('good', [narrow]), route({ name: 'g' }, toSet('good'))];
    expect(world().answers([GATEWAY_CLASS, ...documents])).toEqual(OPEN);
  });

  it('is not served by a wider one whose protocol is another', () => {
    const tls = { ...narrow, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'none' }] } };
    const documents = [gateway([wide], ALLOWED), set('tls', [tls]), route({ name: 'g' }, toSet('tls'))];
    expect(world().answers([GATEWAY_CLASS, ...documents])).toEqual(CLOSED);
  });

  it('is served by a wider one where the Gateway does not take its ListenerSet: nobody closes hosts of others by writing one', () => {
    const { answers } = world();
    const documents = [gateway([wide], ALLOWED), set('own', [{ ...narrow, ...NO_KIND }]), route({ name: 'g' })];
    expect(answers([GATEWAY_CLASS, ...documents])).toEqual(CLOSED);
    expect(answers([gateway([wide])])).toEqual(OPEN);
    expect(answers([gateway([wide], ALLOWED)])).toEqual(CLOSED);
  });

  it('says nothing of narrower ones, nor of others', () => {
    const others = [
      { ...narrow, ...NO_KIND, name: 'wider', hostname: '*.com' },
      { ...narrow, ...NO_KIND, name: 'other', hostname: 'secret.example.org' },
      { ...narrow, ...NO_KIND, name: 'elsewhere', port: 81 },
      { ...narrow, protocol: 'UDP', name: 'datagrams', hostname: undefined },
    ];
    expect(world().answers([GATEWAY_CLASS, gateway([wide, ...others]), route({ name: 'g' })])).toEqual(OPEN);
  });

  it('is served again when its listener is', () => {
    const { answers } = world();
    expect(answers([GATEWAY_CLASS, gateway([wide, narrow]), route({ name: 'g' })])).toEqual(OPEN);
    expect(answers([gateway([wide, { ...narrow, ...NO_KIND }])])).toEqual(CLOSED);
    expect(answers([gateway([wide, narrow])])).toEqual(OPEN);
    expect(answers([gateway([wide])])).toEqual(OPEN);
  });

  it('is not served by another Gateway of its proxy while its own is refused', () => {
    const merged = (name: string, listener: object, more: object = {}) =>
      document('Gateway', name, { gatewayClassName: 'c', listeners: [listener], ...more });
    const { answers } = world('c');
    const parametersRef = { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'p', namespace: 'default' };
    const documents = [
      document('GatewayClass', 'c', { controllerName: DEFAULT_SETTINGS.controllerName, parametersRef }),
      document('EnvoyProxy', 'p', { mergeGateways: true, ipFamily: 'DualStack' }),
      merged('w', wide),
      merged('n', narrow),
      route({ name: 'w' }, { name: 'n' }),
    ];
    expect(answers(documents)).toEqual(OPEN);
    const { namespace: _, ...lost } = { ...parametersRef, name: 'lost' };
    expect(answers([merged('n', narrow, { infrastructure: { parametersRef: lost } })])).toEqual(CLOSED);
    expect(answers([merged('n', narrow, { addresses: [{ type: 'example.com/other', value: 'a' }] })])).toEqual(CLOSED);
    expect(answers([merged('n', narrow)])).toEqual(OPEN);
  });
});

const passing = { protocol: 'TLS', port: 443, tls: { mode: 'Passthrough' } };
const tlsRoute = (sectionName: string, ...hostnames: readonly string[]) =>
  document('TLSRoute', sectionName, {
    parentRefs: [{ name: 'g', sectionName }],
    hostnames,
    rules: [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'b' }] }],
  });
const BACKEND = document('Backend', 'b', { endpoints: [{ ip: { address: '127.0.0.1', port: 9 } }] });

/** The chains of connections of the first socket: the name of each, its server names, and whether they lead anywhere. */
function streams({ chains }: Pick<ReturnType<typeof world>, 'chains'>, documents: readonly object[]) {
  const [listener] = chains(documents);
  const found = (listener?.chains ?? []).flat().flatMap((chain) => (chain.kind === 'stream' ? [chain] : []));
  return found.map(({ name, tls, destinations }) => [
    name.replace('default/g/', ''),
    tls.kind === 'none' ? [] : tls.hostnames,
    destinations.length > 0,
  ]);
}

describe('the server name of a listener that is not served', () => {
  it('leads nowhere, though a route of connections on a wider one is for it', () => {
    const missing = { mode: 'Terminate', certificateRefs: [{ name: 'none' }] };
    const listeners = [
      { ...passing, name: 'wide', hostname: '*.example.com' },
      { ...passing, name: 'narrow', hostname: 'secret.example.com', tls: missing },
    ];
    const toBoth = tlsRoute('wide', '*.example.com', 'secret.example.com');
    expect(streams(world(), [GATEWAY_CLASS, gateway(listeners), toBoth, BACKEND])).toEqual([
      ['wide/tlsroute/default/wide', ['*.example.com'], true],
      ['narrow', ['secret.example.com'], false],
    ]);
  });
});

describe('the server name of a listener that no route is on', () => {
  const outer = { ...passing, name: 'wide', hostname: '*.example.com' };
  const inner = { ...passing, name: 'narrow', hostname: 'secret.example.com' };
  const toWide = tlsRoute('wide', '*.example.com');
  const ofWide = ['wide/tlsroute/default/wide', ['*.example.com'], true];

  it.each([
    ['the wider first', [outer, inner]],
    ['the narrower first', [inner, outer]],
  ])('leads nowhere, where a wider one would get it: %s', (_, listeners) => {
    expect(streams(world(), [GATEWAY_CLASS, gateway(listeners), toWide, BACKEND])).toEqual([
      ofWide,
      ['narrow', ['secret.example.com'], false],
    ]);
  });

  it('leads to no host of requests either', () => {
    const mixed = [{ ...passing, name: 'other', hostname: 'other.org' }, inner];
    const https = { name: 'web', port: 443, protocol: 'HTTPS', hostname: '*.example.com' };
    const web = { ...https, tls: { certificateRefs: [{ name: 'shop' }] } };
    const { certificate, key } = authority('shop');
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'shop' },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': certificate, 'tls.key': key },
    };
    expect(streams(world(), [GATEWAY_CLASS, secret, gateway([...mixed, web])])).toEqual([
      ['narrow', ['secret.example.com'], false],
    ]);
  });

  it('leads nowhere but to what a route of it has of it', () => {
    const listeners = [outer, { ...inner, hostname: '*.secret.example.com' }];
    const some = tlsRoute('narrow', 'a.secret.example.com');
    expect(streams(world(), [GATEWAY_CLASS, gateway(listeners), toWide, some, BACKEND])).toEqual([
      ofWide,
      ['narrow/tlsroute/default/narrow', ['a.secret.example.com'], true],
      ['narrow', ['*.secret.example.com'], false],
    ]);
  });

  it('has no chain where no wider one would get it', () => {
    const listeners = [outer, inner, { ...passing, name: 'other', hostname: 'other.org' }];
    const some = tlsRoute('wide', 'open.example.com');
    expect(streams(world(), [GATEWAY_CLASS, gateway(listeners), some, BACKEND])).toEqual([
      ['wide/tlsroute/default/wide', ['open.example.com'], true],
    ]);
  });

  it('leads where its route does once it has one', () => {
    const site = world();
    streams(site, [GATEWAY_CLASS, gateway([outer, inner]), toWide, BACKEND]);
    expect(streams(site, [tlsRoute('narrow', 'secret.example.com')])).toEqual([
      ofWide,
      ['narrow/tlsroute/default/narrow', ['secret.example.com'], true],
    ]);
  });
});
