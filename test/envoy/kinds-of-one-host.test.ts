import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backend, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

let site: RouteSite;
beforeAll(async () => {
  site = await startRouteSite();
});
afterAll(async () => {
  await site.stop();
});

const ADMIN = '/pkg.Admin/Drop';
const CALL = 'application/grpc';

/** A route; one with an earlier name counts as older. */
const named = (kind: string, name: string, hostnames: readonly string[] | undefined, matches?: readonly object[]) =>
  manifest(kind, name, {
    parentRefs: [{ name: 'shop' }],
    ...(hostnames === undefined ? {} : { hostnames }),
    rules: [{ ...(matches === undefined ? {} : { matches }), backendRefs: [to('app')] }],
  });

const serve = (...routes: readonly object[]) => site.serve(...routes, backend('app', [site.echo.port]));

/** What becomes of a POST; of one that is closed to a call, its status. */
async function post(host: string, path: string, type?: string): Promise<string> {
  const { status, response } = await site.get(
    path,
    { host, ...(type === undefined ? {} : { 'content-type': type }) },
    'POST',
  );
  return String(response?.['grpc-status'] === undefined ? status : `grpc ${response['grpc-status']}`);
}

describe('a GRPCRoute that loses its hosts to an older HTTPRoute', () => {
  const calls = [{ method: { service: 'pkg.Admin' } }];

  it.each([[['*.kc.test']], [['api.kc.test']], [undefined]])(
    '(with hosts %j) hands no call over to it',
    async (hosts) => {
      await serve(named('HTTPRoute', 'a', hosts), named('GRPCRoute', 'b', ['api.kc.test', 'other.test'], calls));
      expect(await post('api.kc.test', ADMIN, CALL)).toBe('grpc 2');
      expect(await post('API.kc.test:80', ADMIN, 'Application/GRPC+proto')).not.toBe('200');
      expect(await post('api.kc.test', ADMIN, 'application/grpc-web')).toBe('500');
      expect(await post('other.test', ADMIN, CALL)).toBe('grpc 2');
    },
  );

  it('takes no request from it, and no call that it has no match for', async () => {
    await serve(named('HTTPRoute', 'a', ['*.kc.test']), named('GRPCRoute', 'b', ['api.kc.test'], calls));
    expect(await post('api.kc.test', ADMIN)).toBe('200');
    expect(await post('api.kc.test', '/')).toBe('200');
    expect(await post('api.kc.test', '/pkg.Other/Drop', CALL)).toBe('200');
    expect(await post('web.kc.test', ADMIN, CALL)).toBe('200');
  });

  it('takes calls alone, also where it is for all of them', async () => {
    await serve(named('HTTPRoute', 'a', undefined), named('GRPCRoute', 'b', undefined));
    expect(await post('any.test', ADMIN, CALL)).toBe('grpc 2');
    expect(await post('any.test', ADMIN, 'application/json')).toBe('200');
  });
});

it('an HTTPRoute that loses its hosts to an older GRPCRoute hands no request over to it', async () => {
  const admin = [{ path: { type: 'PathPrefix', value: '/admin' } }];
  // Its back-end is spoken to in HTTP/2, which this one does not speak.
  const passed = '502';
  await serve(named('GRPCRoute', 'a', ['*.kc.test']), named('HTTPRoute', 'b', ['api.kc.test'], admin));
  expect(await post('api.kc.test', '/admin/x')).toBe('500');
  expect(await post('api.kc.test', '/admin/x', 'application/json')).toBe('500');
  expect(await post('web.kc.test', '/admin/x')).toBe(passed);
  expect(await post('api.kc.test', '/other')).toBe(passed);
  expect(await post('api.kc.test', '/admin/x', CALL)).not.toBe('grpc 2');
});

it('a route that is refused hands over nothing of its kind', async () => {
  const slip = { useDefaultGateways: 'All' };
  const refused = manifest('GRPCRoute', 'b', {
    parentRefs: [{ name: 'shop' }],
    rules: [{ backendRefs: [to('app')] }],
    ...slip,
  });
  await serve(route([{ backendRefs: [to('app')] }]), refused);
  expect(await post('any.test', ADMIN, CALL)).toBe('grpc 2');
  expect(await post('any.test', ADMIN)).toBe('200');
});
