import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASS, gateway, route } from './manifests.ts';
import { freePort, Site, sluice, until } from './sluice.ts';

let site: Site;

const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata: { name: hidden }\nstringData: { password: hunter2 }\n';

beforeAll(async () => {
  site = await Site.make({
    'gateway.yaml': CLASS + gateway('shop', await freePort()),
    'route.yaml': route('a', 'shop', '/', 1),
    'secret.yaml': SECRET,
  });
  await site.start();
});

afterAll(() => site.destroy());

/** Calls a method as curl would; the answer as text. */
async function call(method: string, body: object): Promise<string> {
  const response = await fetch(`http://${site.admin}/sluice.admin.v1.Admin/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.text();
}

/** The status of an answer to a request that names a host. */
function statusFor(host: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: site.adminPort, path, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}

describe('the admin endpoint', () => {
  it('has probes and metrics with stable names', async () => {
    expect(await site.ask('/healthz')).toBe('ok\n');
    const metrics = await site.ask('/metrics');
    for (const line of [
      'sluice_proxy_ready{gateway="default/shop"} 1',
      'sluice_resources{kind="HTTPRoute"} 1',
      'sluice_proxy_warming_clusters{gateway="default/shop"} 0',
      'sluice_problems{severity="error"} 0',
      'sluice_translate_seconds_count',
      'sluice_xds_acks_total{type="listener"}',
      '# TYPE sluice_xds_nacks_total counter',
    ]) {
      expect(metrics).toContain(line);
    }
  });

  it('refuses requests that name a host of others, on every path', async () => {
    for (const path of ['/readyz', '/metrics', '/sluice.admin.v1.Admin/ListProxies']) {
      expect(await statusFor('evil.example', path)).toBe(421);
    }
    expect(await statusFor('localhost', '/readyz')).toBe(200);
  });

  it('speaks Connect, and never tells what is in a Secret', async () => {
    expect(JSON.parse(await call('ListProxies', {}))).toMatchObject({
      proxies: [{ key: 'default/shop', ready: true }],
    });
    const resources = await call('ListResources', {});
    expect(resources).toContain('hidden');
    expect(resources).not.toContain('hunter2');
    expect(resources).not.toContain(Buffer.from('hunter2').toString('base64'));
    expect(await call('GetIr', { proxy: 'default/nowhere' })).toContain(
      'no proxy default/nowhere; there are default/shop',
    );
  });

  it('logs where it listens once it is ready', () => {
    expect(site.log().find(({ msg, process }) => msg === 'ready' && process === undefined)).toMatchObject({
      listening: expect.stringMatching(/^0\.0\.0\.0:\d+$/u),
      admin: site.admin,
    });
  });

  it('tells of a document that is broken while it runs', async () => {
    site.write('route.yaml', 'kind: [x\n');
    await until('the problem is told', async () => (await call('ListProblems', {})).includes('route.yaml:'));
    site.write('route.yaml', route('a', 'shop', '/', 1));
    await until('the problem is gone', async () => (await call('ListProblems', {})) === '{}');
  });
});

describe('sluice status', () => {
  it('prints a table as kubectl does', async () => {
    const { stdout, code } = await sluice(['status', '--admin', site.admin]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NAMESPACE {3}KIND +NAME +OF +STATUS +MESSAGE\n/u);
    expect(stdout).toMatch(/^default +Gateway +shop +listener http +Accepted,ResolvedRefs,Programmed$/mu);
    expect(stdout).toMatch(/^default +HTTPRoute +a +Gateway \S+ +Accepted,ResolvedRefs$/mu);
    expect(stdout).not.toContain('\u001B');
  });

  it('takes kinds, names and namespaces as kubectl does', async () => {
    const names = async (...args: readonly string[]): Promise<readonly string[]> => {
      const { stdout } = await sluice(['status', ...args, '-o', 'json', '--admin', site.admin]);
      const list: { readonly items: readonly { readonly kind: string }[] } = JSON.parse(stdout);
      return list.items.map(({ kind }) => kind);
    };
    expect(await names('gateways')).toEqual(['Gateway']);
    expect(await names('gateway/shop')).toEqual(['Gateway']);
    expect(await names('httproutes.gateway.networking.k8s.io')).toEqual(['HTTPRoute']);
    expect(await names('-n', 'elsewhere')).toEqual([]);
    const { code, stderr } = await sluice(['status', 'gateway', 'nowhere', '--admin', site.admin]);
    expect(stderr).toBe('sluice status: Gateway nowhere: none is served\n');
    expect(code).toBe(1);
  });

  it('names what is refused beside the version that still serves', async () => {
    expect((await sluice(['status', '--admin', site.admin])).stderr).toBe('');
    site.write('route.yaml', route('a', 'shop', '/', 1).replace('rules:', 'ruls: []\n  rules:'));
    await until('the problem is told', async () => (await call('ListProblems', {})).includes('route.yaml:'));
    const { stdout, stderr, code } = await sluice(['status', 'httproute', '--admin', site.admin]);
    expect(stdout).toMatch(/^default +HTTPRoute +a +Gateway \S+ +Accepted,ResolvedRefs$/mu);
    expect(stderr).toMatch(
      /route\.yaml:\d+:\d+: HTTPRoute default\/a: spec\.ruls: unknown field; did you mean rules\?/u,
    );
    expect(code).toBe(0);
    site.write('route.yaml', route('a', 'shop', '/', 1));
    await until('the problem is gone', async () => (await call('ListProblems', {})) === '{}');
  });
});

describe('sluice config-dump', () => {
  it.each([
    ['xds', 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump'],
    ['ir', '"virtualHosts"'],
    ['acks', '"state": "acknowledged"'],
  ])('shows %s', async (what, expected) => {
    const { stdout } = await sluice(['config-dump', 'shop', '--show', what, '-o', 'json', '--admin', site.admin]);
    expect(Object.keys(JSON.parse(stdout))).toEqual(['default/shop']);
    expect(stdout).toContain(expected);
  });

  it('says which proxies there are when it is asked for another', async () => {
    const { code, stderr } = await sluice(['config-dump', 'nowhere', '--admin', site.admin]);
    expect(stderr).toBe('sluice config-dump: no proxy default/nowhere; there are default/shop\n');
    expect(code).toBe(1);
  });
});
