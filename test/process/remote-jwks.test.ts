import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { listen } from '../listening.ts';
import { KeyServer } from './key-server.ts';
import { CLASS, gateway, route } from './manifests.ts';
import { freePort, Site, sluice, until } from './sluice.ts';

const HOST = 'keys.example';
const closers: (() => Promise<void> | void)[] = [];
let site: Site;
let keys: KeyServer;
let port: number;

/** A policy on a route, with the key set of a host. */
function policy(name: string, host = HOST, cacheDuration = '2s', more = ''): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${name} }]
  jwt:
    providers:
      - name: p
        issuer: https://issuer.example
        remoteJWKS: { uri: "https://${host}/keys", cacheDuration: ${cacheDuration}, failedRefetchDuration: 200ms ${more}}
`;
}

beforeEach(async () => {
  keys = await KeyServer.make(HOST);
  const backend = await listen(createServer({ keepAliveTimeout: 0 }, (_, response) => response.end('ok')));
  port = await freePort();
  const routes = route('guarded', 'shop', '/guarded', backend.port) + route('open', 'shop', '/open', backend.port);
  site = await Site.make({ 'a.yaml': CLASS + gateway('shop', port) + routes, 'policy.yaml': policy('guarded') });
  site.configure(
    {
      sluice: { resolverOverrides: { [HOST]: `127.0.0.1:${keys.port}` }, caBundle: 'ca.pem', fetch: { timeout: '2s' } },
    },
    { 'ca.pem': keys.certificate },
  );
  closers.push(
    () => site.destroy(),
    () => keys.down(),
    () => backend.stop(),
  );
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function ask(path: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, signal: AbortSignal.timeout(20_000) });
  await answer.arrayBuffer();
  return answer.status;
}

const tokenOf = (of: ReturnType<typeof issuer>) => of.token({ iss: 'https://issuer.example' });

async function becomes(status: number, token?: string, path = '/guarded'): Promise<void> {
  await until(`${path} is ${status}`, async () => (await ask(path, token)) === status);
}

/** What the status of the policy says, each condition in a line. */
async function said(): Promise<string> {
  const { stdout } = await sluice(['status', 'securitypolicy', 'guarded', '-o', 'json', '--admin', site.admin]);
  const list: { readonly items: readonly { readonly status: { readonly ancestors: readonly Ancestor[] } }[] } =
    JSON.parse(stdout);
  const conditions = list.items[0]?.status.ancestors.flatMap((ancestor) => ancestor.conditions) ?? [];
  return conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`).join('\n');
}

interface Ancestor {
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

describe('a key set that is fetched', () => {
  const first = issuer('ES256', 'one');
  const second = issuer('ES256', 'two');

  it('keeps its routes closed while it cannot be had, and opens them to good tokens when it is back', async () => {
    await site.start();
    expect(await ask('/guarded', tokenOf(first))).toBe(500);
    expect(await ask('/open')).toBe(200);
    await until('the failure is told', async () => (await said()).includes('ECONNREFUSED'));
    expect(await said()).toMatch(/Accepted=False Pending: .*https:\/\/keys\.example\/keys.*answered with 500/u);
    expect(await site.ask('/metrics')).toContain('sluice_wants{state="pending"} 1');
    keys.serve(first);
    await keys.up();
    await becomes(200, tokenOf(first));
    const metrics = await site.ask('/metrics');
    expect(metrics).toMatch(/^sluice_wants\{state="answered"\} 1$/mu);
    expect(metrics).toMatch(/^sluice_fetches_total\{purpose="jwks",outcome="200"\} \d+$/mu);
    expect(metrics).toMatch(/^sluice_fetches_total\{purpose="jwks",outcome="Unreachable"\} \d+$/mu);
    expect(metrics).toMatch(/^sluice_fetch_seconds_count\{purpose="jwks"\} \d+$/mu);
    expect(await ask('/guarded')).toBe(401);
    expect(await ask('/guarded', tokenOf(second))).toBe(401);
    expect(await said()).toMatch(/^Accepted=True Accepted: /u);
    expect(await said()).not.toContain('Refreshed');
  });

  it('serves on while it cannot be had again, also from the next start on', async () => {
    keys.serve(first);
    await keys.up();
    await site.start();
    await becomes(200, tokenOf(first));
    await keys.down();
    await until('the failure is told', async () => (await said()).includes('Refreshed=False FetchFailed'));
    expect(await ask('/guarded', tokenOf(first))).toBe(200);
    site.signal('SIGTERM');
    await site.ended();
    await site.start();
    expect(await ask('/guarded', tokenOf(first))).toBe(200);
    expect(await ask('/guarded', tokenOf(second))).toBe(401);
  });

  it('is never missing for a proxy that outlives its controller', async () => {
    keys.serve(first);
    await keys.up();
    await site.start();
    await becomes(200, tokenOf(first));
    await keys.down();
    const statuses = new Set<number>();
    const enough = new AbortController();
    const asking = (async () => {
      while (!enough.signal.aborted) statuses.add(await ask('/guarded', tokenOf(first)));
    })();
    site.signal('SIGKILL');
    await site.ended();
    await site.start();
    enough.abort();
    await asking;
    expect(statuses).toEqual(new Set([200]));
  });

  it('is rotated: new keys come, and those that are gone are no longer good', async () => {
    keys.serve(first);
    await keys.up();
    await site.start();
    await becomes(200, tokenOf(first));
    keys.serve(first, second);
    await becomes(200, tokenOf(second));
    expect(await ask('/guarded', tokenOf(first))).toBe(200);
    keys.serve(second);
    await becomes(401, tokenOf(first));
    expect(await ask('/guarded', tokenOf(second))).toBe(200);
  });

  it('is fetched early when a token names a key that it has not, but not at the will of who makes names up', async () => {
    site.write('policy.yaml', policy('guarded', HOST, '1h'));
    keys.serve(first);
    await keys.up();
    await site.start();
    await becomes(200, tokenOf(first));
    keys.serve(second);
    await becomes(200, tokenOf(second));
    expect(await ask('/guarded', tokenOf(first))).toBe(401);
    const began = Date.now();
    for (let index = 0; index < 200; index += 1) {
      expect(await ask('/guarded', second.token({ iss: 'https://issuer.example' }, { kid: `made-up-${index}` }))).toBe(
        401,
      );
    }
    // Once more in ten seconds at most.
    expect(keys.asked).toBeLessThanOrEqual(3 + Math.floor((Date.now() - began) / 10_000));
  });

  it('is fetched from a back-end that its policy names, which may move', async () => {
    const keysAt = (at: number) => `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: keys }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${at} } }] }
`;
    site.configure({ sluice: { caBundle: 'ca.pem' } });
    site.write(
      'policy.yaml',
      policy('guarded', HOST, '2s', ', backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: keys }] '),
    );
    site.write('keys.yaml', keysAt(1));
    keys.serve(first);
    await keys.up();
    await site.start();
    expect(await ask('/guarded', tokenOf(first))).toBe(500);
    site.write('keys.yaml', keysAt(keys.port));
    await becomes(200, tokenOf(first));
    site.write('keys.yaml', keysAt(1));
    await until('the failure is told', async () => (await said()).includes('Refreshed=False FetchFailed'));
    expect(await ask('/guarded', tokenOf(first))).toBe(200);
    site.remove('keys.yaml');
    await becomes(500, tokenOf(first));
    expect(await said()).toContain('remoteJWKS.backendRefs: Backend default/keys does not exist');
  });

  it('is refused when it is too large, no key set or of an unknown kind of key; the last good one serves', async () => {
    keys.serve(first);
    await keys.up();
    await site.start();
    await becomes(200, tokenOf(first));
    const good = JSON.stringify({ keys: [second.jwk] });
    const answers: readonly (readonly [string, string])[] = [
      [`${good.slice(0, -1)}, "more": "${'x'.repeat(10_000_000)}"}`, '262144 bytes'],
      ['<html>', 'is not JSON'],
      ['{"keys": []}', 'has no key that verifies signatures'],
      [JSON.stringify({ keys: [{ ...second.jwk, alg: 'ES521' }] }), 'found ES521'],
    ];
    for (const [text, expected] of answers) {
      keys.answer = (response) => void response.end(text);
      await until(`it is refused: ${expected}`, async () => (await said()).includes(expected));
      expect(await ask('/guarded', tokenOf(first))).toBe(200);
      expect(await ask('/guarded', tokenOf(second))).toBe(401);
    }
  });

  it('that never comes to an end holds up nothing else', async () => {
    keys.answer = (response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    };
    await keys.up();
    await site.start();
    expect(await ask('/guarded', tokenOf(first))).toBe(500);
    await until('it is given up', async () => (await said()).includes('no whole answer after 2000 ms'));
    site.write('policy.yaml', '');
    await becomes(200);
  });

  it('is never fetched from a metadata service', async () => {
    site.write('policy.yaml', policy('guarded', '169.254.169.254'));
    await site.start();
    await until('it is refused', async () => (await said()).includes('is a metadata service'));
    expect(await ask('/guarded', tokenOf(first))).toBe(500);
  });
});
