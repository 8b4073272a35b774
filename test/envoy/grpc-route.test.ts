import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../process/sluice.ts';
import { call, converse, type GrpcEcho, startGrpcEcho } from './grpc-echo.ts';
import { backend, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

const CART = '/shop.Cart/Add';
const LIST = '/shop.Cart/List';
const STOCK = '/shop.Stock/List';
const REFLECTION = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo';

let site: RouteSite;
let servers: readonly [GrpcEcho, GrpcEcho, GrpcEcho];
let backends: readonly object[];
beforeAll(async () => {
  site = await startRouteSite();
  servers = await Promise.all([
    startGrpcEcho('one', [CART, LIST, STOCK], [REFLECTION]),
    startGrpcEcho('two', [CART, LIST, STOCK]),
    startGrpcEcho('three', [CART, LIST, STOCK]),
  ]);
  backends = ['one', 'two', 'three'].map((name, index) => backend(name, [servers[index]?.port ?? 0]));
});
afterAll(async () => {
  await site.stop();
  await Promise.all(servers.map((server) => server.stop()));
});

const serve = (rules: readonly object[], ...others: readonly object[]) =>
  site.serve(route(rules, 'GRPCRoute'), ...backends, ...others);

/** A rule that sends calls of a method to a Backend. */
const rule = (name: string, method?: object, rest: object = {}) => ({
  ...(method === undefined ? {} : { matches: [{ method }] }),
  backendRefs: [to(name)],
  ...rest,
});

describe('a GRPCRoute', () => {
  it('sends calls of a service, a method or both where it says, the more specific match first', async () => {
    const port = await serve([
      rule('one'),
      rule('two', { service: 'shop.Cart' }),
      rule('one', { method: 'List' }),
      rule('three', { service: 'shop.Cart', method: 'Add' }),
    ]);
    expect((await call(port, CART)).text).toBe('three: hello');
    expect((await call(port, LIST)).text).toBe('two: hello');
    expect((await call(port, STOCK)).text).toBe('one: hello');
  });

  it('without any match is for every call, and with none that fits answers UNIMPLEMENTED', async () => {
    expect((await call(await serve([rule('one')]), CART)).code).toBe(status.OK);
    expect((await call(await serve([rule('one', { service: 'other.Service' })]), CART)).code).toBe(
      status.UNIMPLEMENTED,
    );
  });

  it('matches by regular expressions', async () => {
    const type = 'RegularExpression';
    const port = await serve([
      rule('one', { type, service: 'shop\\.(Cart|Basket)', method: 'A.*' }),
      rule('two', { type, service: 'shop\\..*' }),
    ]);
    expect((await call(port, CART)).text).toBe('one: hello');
    expect((await call(port, LIST)).text).toBe('two: hello');
    const byMethod = await serve([rule('three', { type, method: 'Add|List' })]);
    expect((await call(byMethod, STOCK)).text).toBe('three: hello');
  });

  it('matches by metadata, more of it first', async () => {
    const version = { name: 'Version', value: 'two' };
    const port = await serve([
      { matches: [{ headers: [version] }], backendRefs: [to('two')] },
      {
        matches: [{ headers: [version, { name: 'color', type: 'RegularExpression', value: 'o.*' }] }],
        backendRefs: [to('three')],
      },
      { matches: [{ headers: [{ name: 'version', value: 'one' }] }], backendRefs: [to('one')] },
    ]);
    expect((await call(port, CART, { version: 'two' })).text).toBe('two: hello');
    expect((await call(port, CART, { version: 'two', color: 'orange' })).text).toBe('three: hello');
    expect((await call(port, CART, { version: 'one' })).text).toBe('one: hello');
    expect((await call(port, CART)).code).toBe(status.UNIMPLEMENTED);
  });

  it('shares calls out by weight, and answers UNAVAILABLE for back-ends that cannot be had', async () => {
    const port = await serve([
      { backendRefs: [to('one', { weight: 2 }), to('two', { weight: 1 }), to('nowhere', { weight: 1 })] },
    ]);
    const seen = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const { code, text } = await call(port, CART);
      const key = code === status.OK ? text : status[code];
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual(['UNAVAILABLE', 'one: hello', 'two: hello']);
    expect(seen.get('one: hello')).toBeGreaterThan(70);
    expect((await call(await serve([rule('nowhere')]), CART)).code).toBe(status.UNAVAILABLE);
    expect((await call(await serve([{ matches: [{}] }]), CART)).code).toBe(status.UNAVAILABLE);
  });

  it('changes metadata of calls and answers, and copies calls', async () => {
    const filters = [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-set', value: 'by-rule' }] } },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'x-added', value: 'by-rule' }] } },
      { type: 'RequestMirror', requestMirror: { backendRef: to('two') } },
    ];
    const port = await serve([rule('one', undefined, { filters })]);
    const before = servers[1].count();
    const answer = await call(port, CART, { 'x-set': 'own' });
    expect(answer).toMatchObject({
      text: 'one: hello',
      headers: { 'x-added': 'by-rule' },
      upstream: { 'x-set': 'by-rule' },
    });
    await until('the mirror has it', () => servers[1].count() === before + 1);
  });

  it('lets reflection through, which is a stream', async () => {
    const method = { service: 'grpc.reflection.v1alpha.ServerReflection', method: 'ServerReflectionInfo' };
    const port = await serve([rule('one', method), rule('two', { service: 'shop.Cart' })]);
    const answers = ['one: a', 'one: b', 'one: c'];
    expect(await converse(port, REFLECTION, ['a', 'b', 'c'])).toEqual({ answers, code: status.OK });
    expect((await call(port, CART)).text).toBe('two: hello');
  });

  it('takes calls of browsers (gRPC-Web)', async () => {
    const port = await serve([rule('one')]);
    const message = Buffer.concat([Buffer.from([0, 0, 0, 0, 3]), Buffer.from('web')]);
    const response = await fetch(`http://127.0.0.1:${port}${CART}`, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' },
      body: message,
    });
    const text = Buffer.from(await response.arrayBuffer()).toString();
    expect(response.headers.get('content-type')).toContain('application/grpc-web');
    expect(text).toContain('one: web');
    expect(text).toContain('grpc-status:0');
  });

  it('answers by itself with what an HTTPRouteFilter says, but never with a success that has no message', async () => {
    const filter = (name: string, statusCode: number) =>
      manifest('HTTPRouteFilter', name, { directResponse: { statusCode } });
    const filters = (name: string) => [
      { type: 'ExtensionRef', extensionRef: { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name } },
    ];
    const port = await serve(
      [
        { matches: [{ method: { method: 'Add' } }], filters: filters('closed') },
        { matches: [{ method: { method: 'List' } }], filters: filters('fine') },
      ],
      filter('closed', 403),
      filter('fine', 200),
    );
    expect((await call(port, CART)).code).toBe(status.PERMISSION_DENIED);
    expect((await call(port, LIST)).code).toBe(status.UNKNOWN);
  });

  it('and an HTTPRoute for one host: the first one alone is served; for other hosts both', async () => {
    const hosts = (kind: string, name: string, hostnames: readonly string[], rules: readonly object[]) =>
      manifest(kind, name, { parentRefs: [{ name: 'shop' }], hostnames, rules });
    const port = await site.serve(
      hosts('GRPCRoute', 'a-calls', ['calls.example', '*.both.example'], [rule('one')]),
      hosts('HTTPRoute', 'b-rival', ['www.both.example'], [{ backendRefs: [to('http')] }]),
      hosts('HTTPRoute', 'c-other', ['www.example'], [{ backendRefs: [to('http')] }]),
      ...backends,
      backend('http', [site.echo.port]),
    );
    expect((await call(port, CART, {}, 'calls.example')).text).toBe('one: hello');
    expect((await call(port, CART, {}, 'www.both.example')).text).toBe('one: hello');
    expect((await site.get('/', { host: 'www.example' })).response?.['x-echo-port']).toBe(String(site.echo.port));
    expect((await site.get('/', { host: 'www.both.example' })).response?.['x-echo-port']).toBeUndefined();
  });
});
