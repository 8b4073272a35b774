import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PatchOperationIr } from '#controller/ir/patch.ts';
import type { ProxyIr } from '#controller/ir/proxy.ts';
import { NO_HEADER_CHANGES } from '#controller/ir/route.ts';
import type { VirtualHostIr } from '#controller/ir/virtual-host.ts';
import { lower } from '#controller/xds/lower.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

const PORTS = { one: 18_184, two: 18_185 } as const;

type Listener = keyof typeof PORTS;

/** A host that answers everything with a status. */
function host(hostname: string, status: number): VirtualHostIr {
  const route = {
    name: `to ${hostname}`,
    match: { path: { kind: 'prefix', value: '/' }, method: undefined, headers: [], query: [] },
    action: { kind: 'respond', status },
    requestHeaders: NO_HEADER_CHANGES,
    responseHeaders: NO_HEADER_CHANGES,
    features: {},
  } as const;
  return { hostname, routes: [route] };
}

/** A proxy with these hosts, by name and status, on each of its listeners. */
function proxy(
  listeners: { readonly [L in Listener]?: { readonly [hostname: string]: number } },
  operations: readonly PatchOperationIr[] = [],
): ProxyIr {
  const made = (['one', 'two'] as const).flatMap((name) => {
    const hosts = listeners[name];
    if (hosts === undefined) return [];
    const virtualHosts = Object.entries(hosts).map(([hostname, status]) => host(hostname, status));
    const chain = { kind: 'http' as const, name: `a/b/${name}`, tls: undefined, virtualHosts: [virtualHosts] };
    return [
      { name: `a/b/${name}`, address: '127.0.0.1', port: PORTS[name], protocol: 'TCP' as const, chains: [[chain]] },
    ];
  });
  return {
    key: 'a/b',
    listeners: made,
    clusters: [],
    endpoints: [],
    secrets: [],
    policyModule: { digest: '' },
    ...(operations.length === 0 ? {} : { patches: [{ policy: 'a/p', type: 'route', name: 'a/b/one', operations }] }),
  };
}

function ask(listener: Listener, hostname: string): Promise<{ readonly status: number; readonly patched: boolean }> {
  return new Promise((resolve, reject) => {
    const options = { port: PORTS[listener], host: '127.0.0.1', headers: { host: hostname }, agent: false };
    request(options, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, patched: response.headers['x-patched'] !== undefined });
    })
      .on('error', reject)
      .end();
  });
}

describe('virtual hosts in real Envoy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  const serves = async (...wanted: Parameters<typeof proxy>): Promise<void> => {
    expect(await envoy.publish(lower(proxy(...wanted), undefined))).toEqual([]);
  };
  const statuses = (listener: Listener, ...hostnames: readonly string[]): Promise<readonly number[]> =>
    Promise.all(hostnames.map(async (hostname) => (await ask(listener, hostname)).status));

  it('come, change and go each by itself', async () => {
    await serves({ one: { 'a.test': 201, 'b.test': 202, '*': 209 } });
    expect(await statuses('one', 'a.test', 'b.test', 'c.test')).toEqual([201, 202, 209]);
    await serves({ one: { 'a.test': 201, 'b.test': 203, 'c.test': 204 } });
    expect(await statuses('one', 'a.test', 'b.test', 'c.test', 'd.test')).toEqual([201, 203, 204, 404]);
  });

  it('are those of their listener', async () => {
    await serves({ one: { 'a.test': 201 }, two: { 'a.test': 205, '*': 206 } });
    expect(await statuses('one', 'a.test', 'b.test')).toEqual([201, 404]);
    expect(await statuses('two', 'a.test', 'b.test')).toEqual([205, 206]);
  });

  it('are there again with a listener that was gone', async () => {
    await serves({ one: { 'a.test': 201 } });
    await serves({ one: { 'a.test': 201 }, two: { 'a.test': 205, '*': 206 } });
    expect(await statuses('two', 'a.test', 'b.test')).toEqual([205, 206]);
  });

  it('stay when their RouteConfiguration changes', async () => {
    const header = [{ header: { key: 'x-patched', value: 'yes' } }];
    const at = { path: '/response_headers_to_add', jsonPath: undefined };
    await serves({ one: { 'a.test': 201, '*': 202 } });
    await serves({ one: { 'a.test': 201, '*': 202 } }, [{ index: 0, op: 'add', at, value: header }]);
    expect(await ask('one', 'a.test')).toEqual({ status: 201, patched: true });
    expect(await ask('one', 'b.test')).toEqual({ status: 202, patched: true });
    await serves({ one: { 'a.test': 201, '*': 202 } });
    expect(await ask('one', 'a.test')).toEqual({ status: 201, patched: false });
  });

  it('may be renamed and added by a patch', async () => {
    const name = { path: '/virtual_hosts/0/name', jsonPath: undefined };
    const last = { path: '/virtual_hosts/-', jsonPath: undefined };
    const added = {
      name: 'my/own',
      domains: ['own.test'],
      routes: [{ match: { prefix: '/' }, direct_response: { status: 207 } }],
    };
    await serves({ one: { 'a.test': 201, 'b.test': 202 } }, [
      { index: 0, op: 'replace', at: name, value: 'renamed' },
      { index: 1, op: 'add', at: last, value: added },
    ]);
    expect(await statuses('one', 'a.test', 'b.test', 'own.test')).toEqual([201, 202, 207]);
  });

  it('may all be removed by a patch, and come back', async () => {
    await serves({ one: { 'a.test': 201 } }, [
      { index: 0, op: 'remove', at: { path: '/virtual_hosts', jsonPath: undefined } },
    ]);
    expect(await statuses('one', 'a.test')).toEqual([404]);
    await serves({ one: { 'a.test': 201 } });
    expect(await statuses('one', 'a.test')).toEqual([201]);
  });
});
