import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../process/sluice.ts';
import {
  answering,
  backend,
  gatewayOf,
  inNamespace,
  manifest,
  type RouteSite,
  startRouteSite,
  to,
} from './route-site.ts';

let site: RouteSite;
let port: number;
let other: number;
beforeAll(async () => {
  [site, port, other] = await Promise.all([startRouteSite(), freePort(), freePort()]);
});
afterAll(() => site.stop());

/** A listener for HTTP. */
const listener = (name: string, rest: object = {}): object => ({ name, protocol: 'HTTP', port, ...rest });

/** A route that answers with its name; for requests to the path `/<name>` alone where it says so. */
function route(name: string, parentRef: object, rest: object = {}, matches?: readonly object[]): object {
  const rule = { filters: [answering(name)], backendRefs: [to('echo')], ...(matches === undefined ? {} : { matches }) };
  return manifest('HTTPRoute', name, { parentRefs: [{ name: 'shop', ...parentRef }], rules: [rule], ...rest });
}

/** Which route serves a host; the status where none does. */
async function served(host: string, path = '/', at = port): Promise<string> {
  const { status, response } = await site.getAt(at, path, { host });
  return response?.['x-route'] ?? String(status);
}

describe('listeners of one port', () => {
  const HOSTS = {
    any: undefined,
    wide: '*.example.com',
    narrow: '*.foo.example.com',
    exact: 'abc.foo.example.com',
  } as const;

  it('are isolated: a request is of the one listener that names its host best, whatever the others have', async () => {
    await site.serveAlone(
      gatewayOf(
        Object.entries(HOSTS).map(([name, hostname]) => listener(name, hostname === undefined ? {} : { hostname })),
      ),
      ...Object.keys(HOSTS).map((name) => route(name, { sectionName: name }, {}, [{ path: { value: `/${name}` } }])),
      backend('echo', [site.echo.port]),
    );
    const hosts = { 'bar.com': 'any', 'bar.example.com': 'wide', 'bar.foo.example.com': 'narrow' };
    for (const [host, own] of Object.entries({ ...hosts, 'abc.foo.example.com': 'exact' })) {
      for (const name of Object.keys(HOSTS)) {
        expect([host, name, await served(host, `/${name}`)]).toEqual([host, name, name === own ? name : '404']);
      }
    }
  });

  it('serve of the hosts of a route those that are theirs, too', async () => {
    await site.serveAlone(
      gatewayOf([
        listener('wide', { hostname: '*.example.com' }),
        listener('exact', { hostname: 'very.specific.com' }),
      ]),
      route('some', {}, { hostnames: ['a.example.com', 'very.specific.com', 'elsewhere.org'] }),
      route('deep', { sectionName: 'wide' }, { hostnames: ['*.deep.example.com'] }),
      route('above', { sectionName: 'wide' }, { hostnames: ['*.com'] }, [{ path: { value: '/above' } }]),
      backend('echo', [site.echo.port]),
    );
    expect(await served('a.example.com')).toBe('some');
    expect(await served('very.specific.com')).toBe('some');
    expect(await served('very.specific.com.')).toBe('some');
    expect(await served('elsewhere.org')).toBe('404');
    expect(await served('x.deep.example.com')).toBe('deep');
    expect(await served('x.y.deep.example.com')).toBe('deep');
    expect(await served('deep.example.com')).toBe('404');
    expect(await served('b.example.com', '/above')).toBe('above');
    expect(await served('very.specific.com', '/above')).toBe('some');
    expect(await served('example.com', '/above')).toBe('404');
  });

  it('serve all of theirs where a route names no host', async () => {
    await site.serveAlone(
      gatewayOf([listener('wide', { hostname: '*.example.com' })]),
      route('all', {}),
      backend('echo', [site.echo.port]),
    );
    expect(await served('a.b.example.com')).toBe('all');
    expect(await served('example.com')).toBe('404');
    expect(await served('example.org')).toBe('404');
  });
});

describe('a parentRef', () => {
  it('is of every listener, of those of a port, of one by name, or of one that is both', async () => {
    await site.serveAlone(
      gatewayOf([
        listener('one', { hostname: 'one.test' }),
        listener('two', { hostname: 'two.test' }),
        listener('other', { port: other }),
      ]),
      route('everywhere', {}, {}, [{ path: { value: '/everywhere' } }]),
      route('port', { port }, {}, [{ path: { value: '/port' } }]),
      route('name', { sectionName: 'two' }, {}, [{ path: { value: '/name' } }]),
      route('both', { sectionName: 'two', port }, {}, [{ path: { value: '/both' } }]),
      route('neither', { sectionName: 'two', port: other }, {}, [{ path: { value: '/neither' } }]),
      backend('echo', [site.echo.port]),
    );
    const places = [
      ['one.test', port],
      ['two.test', port],
      ['one.test', other],
    ] as const;
    const having = async (path: string): Promise<readonly boolean[]> =>
      Promise.all(places.map(async ([host, at]) => (await served(host, path, at)) === path.slice(1)));
    expect(await having('/everywhere')).toEqual([true, true, true]);
    expect(await having('/port')).toEqual([true, true, false]);
    expect(await having('/name')).toEqual([false, true, false]);
    expect(await having('/both')).toEqual([false, true, false]);
    expect(await having('/neither')).toEqual([false, false, false]);
  });
});

describe('allowedRoutes', () => {
  const NAMESPACES = { default: {}, near: { team: 'shop' }, far: { team: 'other' } } as const;
  const selector = { matchExpressions: [{ key: 'team', operator: 'In', values: ['shop'] }] };

  it.each([
    ['nothing', {}, ['default']],
    ['Same', { namespaces: { from: 'Same' } }, ['default']],
    ['All', { namespaces: { from: 'All' } }, ['default', 'far', 'near']],
    ['Selector', { namespaces: { from: 'Selector', selector } }, ['near']],
  ])('by namespace: %s', async (_, allowedRoutes, expected) => {
    await site.serveAlone(
      gatewayOf([listener('http', { allowedRoutes })]),
      ...Object.entries(NAMESPACES).flatMap(([namespace, labels]) => [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
        inNamespace(namespace, route('own', { namespace: 'default' }, {}, [{ path: { value: `/${namespace}` } }])),
        inNamespace(namespace, backend('echo', [site.echo.port])),
      ]),
    );
    const found: string[] = [];
    for (const namespace of Object.keys(NAMESPACES).sort()) {
      if ((await served('any.test', `/${namespace}`)) === 'own') found.push(namespace);
    }
    expect(found).toEqual(expected);
  });

  it('by kind', async () => {
    await site.serveAlone(
      gatewayOf([
        listener('calls', { allowedRoutes: { kinds: [{ kind: 'GRPCRoute' }] } }),
        listener('requests', { port: other, allowedRoutes: { kinds: [{ kind: 'HTTPRoute' }] } }),
      ]),
      route('any', {}),
      backend('echo', [site.echo.port]),
    );
    expect(await served('any.test')).toBe('404');
    expect(await served('any.test', '/', other)).toBe('any');
  });
});

describe('a Gateway', () => {
  it('of a class of another controller is served by nobody here', async () => {
    const gateway = (name: string, gatewayClassName: string, at: number): object =>
      manifest('Gateway', name, { gatewayClassName, listeners: [{ name: 'http', protocol: 'HTTP', port: at }] });
    await site.serveAlone(
      manifest('GatewayClass', 'foreign', { controllerName: 'example.com/another' }),
      gateway('a-foreign', 'foreign', other),
      gateway('shop', 'sluice', port),
      route('own', {}),
      backend('echo', [site.echo.port]),
    );
    expect(await served('any.test')).toBe('own');
    expect(
      await new Promise((resolve) => connect(other, '127.0.0.1').on('error', resolve).on('connect', resolve)),
    ).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
