import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configDump } from '#controller/xds/config-dump.ts';
import { lower } from '#controller/xds/lower.ts';
import { showSnapshot } from '#controller/xds/show.ts';
import { listen } from '../listening.ts';
import { freePort } from '../process/sluice.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { startEcho } from '../scenario/echo.ts';
import { startAuthorization } from './authorization-server.ts';
import {
  backend,
  CLASS,
  gatewayOf,
  manifest,
  route,
  type RouteSite,
  startRouteSite,
  to,
  yamlOf,
} from './route-site.ts';

let site: RouteSite;
beforeAll(async () => {
  site = await startRouteSite();
});
afterAll(() => site.stop());

/** A policy on `/closed`; `/open` has none. */
const manifests = (security: object, ...more: readonly object[]): readonly object[] => [
  route([{ matches: [{ path: { value: '/closed' } }], backendRefs: [to('echo')] }], 'HTTPRoute', 'closed'),
  route([{ matches: [{ path: { value: '/open' } }], backendRefs: [to('echo')] }], 'HTTPRoute', 'open'),
  backend('echo', [site.echo.port]),
  manifest('SecurityPolicy', 'closed', {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'closed' }],
    ...security,
  }),
  ...more,
];

const serve = (security: object, ...more: readonly object[]) => site.serve(...manifests(security, ...more));

async function statusAt(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return (await site.get(path, headers)).status;
}

const UNDERSCORES = manifest('ClientTrafficPolicy', 'clients', {
  targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }],
  headers: { withUnderscoresAction: 'Allow' },
});

describe('basicAuth', () => {
  const hash = createHash('sha1').update('open sesame').digest('base64');
  const users = manifest('Secret', 'users', {
    stringData: { '.htpasswd': `# who\nada:{SHA}${hash}\n\nbob:{SHA}${hash}\n` },
  });
  const spec = { basicAuth: { users: { name: 'users' }, forwardUsernameHeader: 'X-User' } };
  const login = (name: string, password: string) => ({
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
  });

  it('lets those pass who know a password, and tells the back-end who they are', async () => {
    await serve(spec, users);
    const answer = await site.get('/closed', { ...login('ada', 'open sesame'), 'x-user': 'root' });
    expect(answer.status).toBe(200);
    expect(answer.upstream['x-user']).toBe('ada');
    expect((await site.get('/closed')).response?.['www-authenticate']).toMatch(/^Basic/u);
    expect(await statusAt('/closed')).toBe(401);
    expect(await statusAt('/closed', login('ada', 'wrong'))).toBe(401);
    expect(await statusAt('/closed', login('nobody', ''))).toBe(401);
    expect(await statusAt('/open')).toBe(200);
  });

  it('hands on no name that the client brings in another spelling of the header', async () => {
    await serve({ basicAuth: { ...spec.basicAuth, forwardUsernameHeader: 'X-User-Name' } }, users, UNDERSCORES);
    const brought = { x_user_name: 'root', 'x-user_name': 'root', 'X_User-Name': 'root', x_other: 'kept' };
    const { upstream } = await site.get('/closed', { ...login('ada', 'open sesame'), ...brought });
    const names = Object.keys(upstream).filter((name) => /^x.(?:user|other)/u.test(name));
    expect(names.sort()).toEqual(['x-user-name', 'x_other']);
  });

  it('shows no password anywhere', async () => {
    await serve(spec, users);
    for (const path of ['/config_dump', '/config_dump?include_eds'])
      expect(await site.envoy.admin(path)).not.toContain(hash);
    const manifestsOfAll = [
      CLASS,
      gatewayOf([{ name: 'http', protocol: 'HTTP', port: 80 }]),
      ...manifests(spec, users),
    ];
    const snapshot = lower(compileText(yamlOf(manifestsOfAll)), undefined);
    expect(JSON.stringify(showSnapshot(snapshot))).not.toContain(hash);
    expect(JSON.stringify(configDump(snapshot))).not.toContain(hash);
    expect(JSON.stringify(configDump(snapshot))).toContain('[redacted]');
  });

  it.each([
    ['there is no Secret', []],
    ['it has another key', [manifest('Secret', 'users', { stringData: { users: `ada:{SHA}${hash}` } })]],
    ['a hash is of another kind', [manifest('Secret', 'users', { stringData: { '.htpasswd': 'ada:$2y$05$abc' } })]],
    [
      'a name is there twice',
      [manifest('Secret', 'users', { stringData: { '.htpasswd': `a:{SHA}${hash}\na:{SHA}${hash}` } })],
    ],
  ])('lets nobody pass where %s', async (_, secrets) => {
    await serve(spec, ...secrets);
    expect(await statusAt('/closed', login('ada', 'open sesame'))).toBe(500);
    expect(await statusAt('/open')).toBe(200);
  });
});

describe('apiKeyAuth', () => {
  const clients = manifest('Secret', 'clients', { stringData: { ada: 'key-of-ada', bob: 'key-of-bob' } });
  const more = manifest('Secret', 'more', { stringData: { ada: 'later', eve: 'key-of-eve' } });
  const spec = {
    apiKeyAuth: {
      credentialRefs: [{ name: 'clients' }, { name: 'more' }],
      extractFrom: [{ headers: ['X-Key'] }, { params: ['key'] }, { cookies: ['key'] }],
      forwardClientIDHeader: 'X-Client',
      sanitize: true,
    },
  };

  it('lets those pass who have a key, and tells the back-end who they are and not the key', async () => {
    await serve(spec, clients, more);
    const answer = await site.get('/closed', { 'x-key': 'key-of-ada', 'x-client': 'root' });
    expect(answer.status).toBe(200);
    expect(answer.upstream['x-client']).toBe('ada');
    expect(answer.upstream['x-key']).toBeUndefined();
    expect((await site.get('/closed?key=key-of-bob')).upstream['x-client']).toBe('bob');
    expect((await site.get('/closed', { cookie: 'key=key-of-eve' })).upstream['x-client']).toBe('eve');
    expect(await statusAt('/closed')).toBe(401);
    expect(await statusAt('/closed', { 'x-key': 'later' })).toBe(401);
    expect(await statusAt('/closed', { 'x-key': '' })).toBe(401);
    expect(await statusAt('/open')).toBe(200);
    expect(await site.envoy.admin('/config_dump')).not.toContain('key-of-ada');
  });

  it('hands on no client that the client brings in another spelling of the header', async () => {
    await serve(spec, clients, more, UNDERSCORES);
    const { upstream } = await site.get('/closed', { 'x-key': 'key-of-ada', x_client: 'root' });
    expect([upstream['x-client'], upstream['x_client']]).toEqual(['ada', undefined]);
  });

  it.each([
    ['one of the Secrets is missing', [clients]],
    ['two clients have one key', [clients, manifest('Secret', 'more', { stringData: { eve: 'key-of-ada' } })]],
    ['a key is empty', [clients, manifest('Secret', 'more', { stringData: { eve: '' } })]],
  ])('lets nobody pass where %s', async (_, secrets) => {
    await serve(spec, ...secrets);
    expect(await statusAt('/closed', { 'x-key': 'key-of-ada' })).toBe(500);
  });
});

describe('extAuth by HTTP', () => {
  const asked: { readonly headers: IncomingHttpHeaders; readonly url: string | undefined }[] = [];
  const server = createServer(({ headers, url }, response) => {
    asked.push({ headers, url });
    response.writeHead(headers['x-user'] === 'alice' ? 200 : 403, { 'x-tenant': 'blue', 'x-other': 'yes' }).end('no');
  });
  let port = 0;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ port, stop } = await listen(server));
  });
  afterAll(() => stop());

  it('gets what it is to, and gives the headers that it is to', async () => {
    const http = { backendRefs: [to('auth')], path: '/check', headersToBackend: ['X-Tenant'] };
    await serve({ extAuth: { http, headersToExtAuth: ['X-User'] } }, backend('auth', [port]));
    const answer = await site.get('/closed', { 'x-user': 'alice', 'x-private': 'yes', 'x-tenant': 'forged' });
    expect(answer.status).toBe(200);
    expect(answer.upstream).toMatchObject({ 'x-tenant': 'blue' });
    expect(answer.upstream['x-other']).toBeUndefined();
    expect(asked.at(-1)?.url).toBe('/check/closed');
    expect(asked.at(-1)?.headers['x-private']).toBeUndefined();
    expect(await statusAt('/closed', { 'x-user': 'bob' })).toBe(403);
    expect(await statusAt('/open')).toBe(200);
  });

  it('without headers for the back-end gives none', async () => {
    const http = { backendRef: to('auth'), pathOverride: '/always' };
    await serve({ extAuth: { http, headersToExtAuth: ['x-user'] } }, backend('auth', [port]));
    const answer = await site.get('/closed', { 'x-user': 'alice', 'x-tenant': 'kept' });
    expect(answer.upstream['x-tenant']).toBe('kept');
    expect(asked.at(-1)?.url).toBe('/always');
  });

  it('shares the questions among several back-ends by their weights, and asks none that has no weight', async () => {
    const [seen, another] = [asked.length, await startEcho()];
    const backendRefs = [to('auth', { weight: 3 }), to('other', { weight: 1 }), to('never', { weight: 0 })];
    const others = [backend('auth', [port]), backend('other', [another.port]), backend('never', [await freePort()])];
    await serve({ extAuth: { http: { backendRefs }, headersToExtAuth: ['x-user'] } }, ...others);
    for (let times = 0; times < 200; times += 1) expect(await statusAt('/closed', { 'x-user': 'alice' })).toBe(200);
    expect(asked.length - seen + another.count()).toBe(200);
    expect(another.count()).toBeGreaterThan(20);
    expect(another.count()).toBeLessThan(90);
    await another.stop();
  });

  it('may lead the request to another route with recomputeRoute, but past no policy of that', async () => {
    const policyOf = (rule: string, security: object): object => {
      const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'closed', sectionName: rule }];
      return manifest('SecurityPolicy', rule, { targetRefs, ...security });
    };
    const set = [{ name: 'x-led', value: 'yes' }];
    const rules = [
      {
        name: 'tenant',
        matches: [{ path: { value: '/closed' }, headers: [{ name: 'x-tenant', value: 'blue' }] }],
        filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set } }],
        backendRefs: [to('echo')],
      },
      { name: 'asked', matches: [{ path: { value: '/closed' } }], backendRefs: [to('echo')] },
    ];
    const others = [route(rules, 'HTTPRoute', 'closed'), backend('echo', [site.echo.port]), backend('auth', [port])];
    const http = { backendRefs: [to('auth')], headersToBackend: ['x-tenant'] };
    const leads = (recomputeRoute: boolean, ...more: readonly object[]) =>
      site.serve(
        ...others,
        policyOf('asked', { extAuth: { http, headersToExtAuth: ['x-user'], recomputeRoute } }),
        ...more,
      );
    const led = async (): Promise<readonly [number, string | undefined]> => {
      const answer = await site.get('/closed', { 'x-user': 'alice' }, 'POST');
      return [answer.status, answer.upstream['x-led']];
    };
    await leads(false);
    expect(await led()).toEqual([200, undefined]);
    await leads(true);
    expect(await led()).toEqual([200, 'yes']);
    for (const closed of [{ csrf: {} }, { basicAuth: { users: { name: 'users' } } }]) {
      const users = manifest('Secret', 'users', { stringData: { '.htpasswd': 'a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=' } });
      await leads(true, policyOf('tenant', closed), users);
      expect((await led())[0]).toBe(403);
    }
  });

  it('stands beside that of a rule, which does not take its place', async () => {
    const rule = {
      matches: [{ path: { value: '/closed' } }],
      filters: [{ type: 'ExternalAuth', externalAuth: { protocol: 'HTTP', backendRef: to('echo'), http: {} } }],
      backendRefs: [to('echo')],
    };
    const http = { backendRefs: [to('auth')] };
    const [, ...rest] = manifests({ extAuth: { http, headersToExtAuth: ['x-user'] } }, backend('auth', [port]));
    await site.serve(route([rule], 'HTTPRoute', 'closed'), ...rest);
    expect(await statusAt('/closed', { 'x-user': 'bob' })).toBe(403);
    expect(await statusAt('/closed', { 'x-user': 'alice' })).toBe(200);
  });

  it('that is dead lets nobody pass, unless it is to be open', async () => {
    const dead = await freePort();
    const http = { backendRefs: [to('auth')] };
    await serve({ extAuth: { http, timeout: '1s' } }, backend('auth', [dead]));
    expect(await statusAt('/closed')).toBe(403);
    await serve({ extAuth: { http, statusOnError: 503 } }, backend('auth', [dead]));
    expect(await statusAt('/closed')).toBe(503);
    await serve({ extAuth: { http, failOpen: true } }, backend('auth', [dead]));
    expect(await statusAt('/closed')).toBe(200);
    await serve({ extAuth: { http: { backendRefs: [to('nobody')] }, failOpen: true } });
    expect(await statusAt('/closed')).toBe(500);
  });
});

describe('extAuth by gRPC', () => {
  const contexts: object[] = [];
  let port = 0;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ port, stop } = await startAuthorization(({ attributes }) => {
      contexts.push(attributes?.contextExtensions ?? {});
      return attributes?.request?.http?.headers['x-user'] === 'alice';
    }));
  });
  afterAll(() => stop());

  it('decides, and is told of the route', async () => {
    const grpc = { backendRefs: [to('auth')] };
    const contextExtensions = [
      { name: 'stage', type: 'Value', value: 'production' },
      { name: 'team', type: 'ValueRef', valueRef: { group: '', kind: 'ConfigMap', name: 'teams', key: 'mine' } },
    ];
    const teams = manifest('ConfigMap', 'teams', { data: { mine: 'blue' } });
    await serve({ extAuth: { grpc, contextExtensions } }, backend('auth', [port]), teams);
    expect(await statusAt('/closed', { 'x-user': 'alice' })).toBe(200);
    expect(contexts.at(-1)).toMatchObject({ stage: 'production', team: 'blue' });
    expect(await statusAt('/closed', { 'x-user': 'bob' })).toBe(403);
    expect(await statusAt('/open')).toBe(200);
  });

  it('with a context that is nowhere, or secret, lets nobody pass', async () => {
    const valueRef = { group: '', kind: 'Secret', name: 'users', key: 'x' };
    const contextExtensions = [{ name: 'team', type: 'ValueRef', valueRef }];
    await serve({ extAuth: { grpc: { backendRefs: [to('auth')] }, contextExtensions } }, backend('auth', [port]));
    expect(await statusAt('/closed', { 'x-user': 'alice' })).toBe(500);
  });
});
