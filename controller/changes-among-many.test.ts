import { describe, expect, it } from 'vitest';
import type { Resource } from './api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from './compile.ts';
import { admit } from './provider/admit.ts';
import { ResourceStore } from './resources/store.ts';
import { createTranslator, type Translation } from './translate.ts';
import { lower } from './xds/lower.ts';
import { changes } from './xds/pieced-resources.ts';
import { XDS_TYPES } from './xds/types.ts';

const GROUP = 'gateway.networking.k8s.io/v1';
const MANY = 2_000;

function resource(apiVersion: string, kind: string, name: string, spec: object): Resource {
  const admitted = admit({ apiVersion, kind, metadata: { name }, spec });
  if (admitted.kind !== 'resource') throw new Error(JSON.stringify(admitted));
  return admitted.resource;
}

function gateway(name: string, port: number): Resource {
  const listeners = [{ name: 'http', protocol: 'HTTP', port }];
  return resource(GROUP, 'Gateway', name, { gatewayClassName: 'sluice', listeners });
}

/** A route of a Gateway to a Service, with a host name of its own. */
function route(name: string, parent: string, service: string, path = '/'): Resource {
  return resource(GROUP, 'HTTPRoute', name, {
    parentRefs: [{ name: parent }],
    hostnames: [`${name}.test`],
    rules: [{ matches: [{ path: { value: path } }], backendRefs: [{ name: service, port: 80 }] }],
  });
}

/** Many routes to a Service each at one Gateway, one at another. */
function world(): ResourceStore {
  const store = new ResourceStore();
  store.upsert(
    resource(GROUP, 'GatewayClass', 'sluice', { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' }),
  );
  store.upsert(gateway('large', 80));
  store.upsert(gateway('small', 81));
  for (let i = 0; i < MANY; i += 1) {
    store.upsert(resource('v1', 'Service', `s${i}`, { ports: [{ port: 80 }] }));
    store.upsert(route(`r${i}`, 'large', `s${i}`));
  }
  store.upsert(route('only', 'small', 's0'));
  return store;
}

/** How many names of each kind of resource have to be compared after a change, and how many pieces of statuses are new. */
function touched(before: Translation, after: Translation): { readonly [what: string]: number } {
  const [old, now] = [before, after].map(({ proxies }) => proxies.get('default/large')?.xds);
  if (old === undefined || now === undefined) throw new Error('no proxy');
  const [had, has] = [lower(old, undefined), lower(now, undefined)];
  const names = XDS_TYPES.map((type) => [type, changes(had[type], has[type]).size] as const);
  const known = new Set(before.statuses());
  const statuses = after
    .statuses()
    .filter((piece) => !known.has(piece))
    .flat();
  return Object.fromEntries([...names, ['statuses', statuses.filter(({ kind }) => kind === 'route').length]]);
}

describe('a change among many', () => {
  const store = world();
  const translate = createTranslator(DEFAULT_SETTINGS);
  let last = translate(store);
  const after = (change: Resource): { readonly before: Translation; readonly now: Translation } => {
    const before = last;
    store.upsert(change);
    last = translate(store);
    return { before, now: last };
  };
  /** Pieces are no larger than this. */
  const FEW = 64;

  it('of a route leaves all but a few of its Gateway as they are, and other Gateways altogether', () => {
    const { before, now } = after(route('r7', 'large', 's7', '/other'));
    const found = touched(before, now);
    expect(found['virtual-host']).toBeGreaterThan(0);
    expect(found['virtual-host']).toBeLessThanOrEqual(FEW);
    expect(found['statuses']).toBeLessThanOrEqual(FEW);
    expect(found).toMatchObject({ cluster: 0, endpoint: 0 });
    expect(now.proxies.get('default/small')?.xds).toBe(before.proxies.get('default/small')?.xds);
  });

  it('of where a route leads leaves all but a few clusters as they are', () => {
    const { before, now } = after(route('r7', 'large', 's8'));
    const found = touched(before, now);
    expect(found['cluster']).toBeLessThanOrEqual(2 * FEW);
    expect(found['endpoint']).toBeLessThanOrEqual(2 * FEW);
  });

  it('of a Service leaves all but a few as they are', () => {
    const { before, now } = after(resource('v1', 'Service', 's9', { ports: [{ port: 80, appProtocol: 'grpc' }] }));
    const found = touched(before, now);
    expect(found['virtual-host']).toBeLessThanOrEqual(FEW);
    expect(found['cluster']).toBeLessThanOrEqual(2 * FEW);
  });

  it('of nothing at all changes no proxy', () => {
    const again = translate(store);
    for (const [key, { xds }] of again.proxies) expect(xds).toBe(last.proxies.get(key)?.xds);
  });
});
