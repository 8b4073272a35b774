import { describe, expect, it } from 'vitest';
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

describe('the server name of a listener that is not served', () => {
  const passing = { protocol: 'TLS', port: 443, tls: { mode: 'Passthrough' } };
  const tlsRoute = document('TLSRoute', 't', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['*.example.com', 'secret.example.com'],
    rules: [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'b' }] }],
  });
  const backend = document('Backend', 'b', { endpoints: [{ ip: { address: '127.0.0.1', port: 9 } }] });

  it('leads nowhere, though a route of connections on a wider one is for it', () => {
    const listeners = [
      { ...passing, name: 'wide', hostname: '*.example.com' },
      {
        ...passing,
        name: 'narrow',
        hostname: 'secret.example.com',
        tls: { mode: 'Terminate', certificateRefs: [{ name: 'none' }] },
      },
    ];
    const [listener] = world().chains([GATEWAY_CLASS, gateway(listeners), tlsRoute, backend]);
    const chains = (listener?.chains ?? []).flat().flatMap((chain) => (chain.kind === 'stream' ? [chain] : []));
    expect(chains.map(({ name, tls, destinations }) => [name, tls, destinations.length])).toEqual([
      ['default/g/wide/tlsroute/default/t', { kind: 'passthrough', hostnames: ['*.example.com'] }, 1],
      ['default/g/narrow', { kind: 'passthrough', hostnames: ['secret.example.com'] }, 0],
    ]);
  });
});
