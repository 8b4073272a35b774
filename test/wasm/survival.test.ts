import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { until } from '../process/sluice.ts';
import { extension, FilterSite, image } from './filter-site.ts';

let at: FilterSite;
beforeEach(async () => {
  at = await FilterSite.make(['plain', 'guarded', 'a', 'b']);
});
afterEach(() => at.destroy());

/** Asks again and again, several at a time, until told to stop; gives what came, each answer with how often it did. */
function traffic(path: string, headers: { readonly [name: string]: string } = {}): () => Promise<Map<string, number>> {
  const seen = new Map<string, number>();
  const stop = new AbortController();
  const loops = [1, 2, 3].map(async () => {
    while (!stop.signal.aborted) {
      const { status, response } = await at.ask(path, headers).catch(() => ({ status: 0, response: 'no answer' }));
      const answer = `${status} ${response}`;
      seen.set(answer, (seen.get(answer) ?? 0) + 1);
      await sleep(1);
    }
  });
  return async () => {
    stop.abort();
    await Promise.all(loops);
    return seen;
  };
}

/** A policy of our own on a route, whose module must not mind what users' modules do. */
function security(name: string, jwks: string): string {
  const providers = [{ name: 'p', issuer: 'https://issuer.example', localJWKS: { type: 'Inline', inline: jwks } }];
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }];
  return `---\n${JSON.stringify({
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'SecurityPolicy',
    metadata: { name },
    spec: { targetRefs, jwt: { providers } },
  })}\n`;
}

it('a filter that traps ten times a second costs requests of its own routes, and no others', async () => {
  await at.publish('f', 'v1', 'v01');
  const { host } = at.registry;
  const keys = issuer('ES256');
  at.site.write(
    'p.yaml',
    extension('a', [image(`${host}/f:v1`)]) +
      extension('b', [image(`${host}/f:v1`, { failOpen: true })]) +
      security('guarded', JSON.stringify({ keys: [keys.jwk] })),
  );
  await at.site.start();
  for (const route of ['/a', '/b']) await at.becomes(route, '200 v01:');
  const token = `Bearer ${keys.token({ iss: 'https://issuer.example', exp: 4_000_000_000 })}`;
  await until('the guarded route is open to a good token', async () => {
    return (await at.ask('/guarded', { authorization: token })).status === 200;
  });
  const others = [traffic('/plain'), traffic('/guarded', { authorization: token }), traffic('/b')];
  const own = traffic('/a');
  for (let i = 0; i < 30; i += 1) {
    expect((await at.ask('/a', { 'x-trap': '1' })).status).toBe(503);
    await at.becomes('/a', '200 v01:');
    await sleep(100);
  }
  const [plain, guarded, open] = await Promise.all(others.map((end) => end()));
  expect([...(plain ?? [])].map(([answer]) => answer)).toEqual(['200 null']);
  expect([...(guarded ?? [])].map(([answer]) => answer)).toEqual(['200 null']);
  expect([...(open ?? [])].map(([answer]) => answer)).toEqual(['200 v01:']);
  // A trap costs its own routes what comes until there is a new VM.
  const answers = await own();
  expect([...answers.keys()].filter((answer) => answer !== '200 v01:' && answer !== '503 null')).toEqual([]);
  expect(answers.get('200 v01:')).toBeGreaterThan(30);
});

it('a filter that fails open and traps is left out from then on, and is back in its next version', async () => {
  for (const version of ['v01', 'v02']) await at.publish('f', version, version);
  const policy = (tag: string): void =>
    at.site.write('p.yaml', extension('b', [image(`${at.registry.host}/f:${tag}`, { failOpen: true })]));
  policy('v01');
  await at.site.start();
  await at.becomes('/b', '200 v01:');
  // Each worker has a VM of its own: all of them meet the request in a while.
  await until('the filter is left out', async () => {
    await Promise.all(Array.from({ length: 8 }, () => at.ask('/b', { 'x-trap': '1', connection: 'close' })));
    const answers = await Promise.all(Array.from({ length: 16 }, () => at.ask('/b', { connection: 'close' })));
    return answers.every(({ status, response }) => status === 200 && response === null);
  });
  policy('v02');
  await at.becomes('/b', '200 v02:');
});

it('a module that is upgraded 20 times under load loses no request', async () => {
  const versions = Array.from({ length: 21 }, (_, index) => `v${String(index + 10)}`);
  for (const version of versions) await at.publish('f', version, version);
  const policy = (tag: string): void =>
    at.site.write('p.yaml', extension('a', [image(`${at.registry.host}/f:${tag}`, { config: { value: tag } })]));
  const [first = '', ...upgrades] = versions;
  policy(first);
  await at.site.start();
  await at.becomes('/a', `200 ${first}:${first}`);
  const end = traffic('/a');
  for (const version of upgrades) {
    policy(version);
    await at.becomes('/a', `200 ${version}:${version}`);
  }
  const answers = await end();
  expect([...answers.keys()].filter((answer) => !/^200 (v\d\d):\1$/u.test(answer))).toEqual([]);
  expect(upgrades).toHaveLength(20);
});

it('a policy that comes and goes under load loses no request', async () => {
  await at.publish('f', 'v1', 'v01');
  at.site.write('p.yaml', '');
  await at.site.start();
  const end = traffic('/a');
  for (let i = 0; i < 5; i += 1) {
    at.site.write('p.yaml', extension('a', [image(`${at.registry.host}/f:v1`, { failOpen: true })]));
    await at.becomes('/a', '200 v01:');
    at.site.remove('p.yaml');
    await at.becomes('/a', '200 null');
  }
  expect(new Set((await end()).keys())).toEqual(new Set(['200 null', '200 v01:']));
});

it('a policy that comes back is not of the module it had, whose file is gone', async () => {
  await at.publish('f', 'v1', 'v01');
  await at.publish('f', 'v2', 'v02');
  const { host } = at.registry;
  const policy = (tag: string, more: object = {}): void =>
    at.site.write('p.yaml', extension('a', [image(`${host}/f:${tag}`, more)]));
  const said = (word: string): number => at.site.log().filter(({ msg }) => msg === word).length;
  // A connection that is older than a filter is refused by what stands in its place.
  const becomes = async (expected: string): Promise<void> =>
    until(`/a is ${expected}`, async () => {
      const { status, response } = await at.ask('/a', { connection: 'close' });
      return `${status} ${response}` === expected;
    });
  policy('v1');
  await at.site.start();
  await becomes('200 v01:');
  // Before the proxy is told that the filter is gone the version before serves on.
  at.site.remove('p.yaml');
  await becomes('200 null');
  policy('nowhere');
  await at.says('a', /404/u);
  await becomes('200 v01:');
  at.site.remove('p.yaml');
  await until('the module is deleted', () => said('module file deleted') > 0);
  policy('nowhere');
  await at.says('a', /404/u);
  await becomes('500 null');
  // One that Envoy refuses is refused once: there is none to go back to.
  policy('v2', { config: { refuse: true } });
  await at.says('a', /Rejected/u);
  await sleep(1_000);
  await becomes('500 null');
  expect(said('the proxy rejected a configuration')).toBe(1);
  policy('v2');
  await becomes('200 v02:');
});

describe('modules that were fetched', () => {
  const policy = (tag: string): string => extension('a', [image(`${at.registry.host}/f:${tag}`)]);

  it('serve although they cannot be kept on disk', async () => {
    await at.publish('f', 'v1', 'v01');
    mkdirSync(at.site.state);
    // What is no folder is never written to, whoever runs this.
    writeFileSync(join(at.site.state, 'modules'), '');
    at.site.write('p.yaml', policy('v1'));
    await at.site.start();
    await at.becomes('/a', '200 v01:');
    expect(at.site.log().map(({ msg }) => msg)).toContain('modules cannot be kept on disk; they are kept in memory');
    // There is room again.
    rmSync(join(at.site.state, 'modules'));
    await at.publish('f', 'v2', 'v02');
    at.site.write('p.yaml', policy('v2'));
    await at.becomes('/a', '200 v02:');
  });

  it('serve after a restart while the registry is down, wherever the tag leads by now', async () => {
    await at.publish('f', 'v1', 'v01');
    at.site.write('p.yaml', policy('v1'));
    await at.site.start();
    await at.becomes('/a', '200 v01:');
    await at.publish('f', 'v1', 'v02');
    at.site.signal('SIGTERM');
    await at.site.ended();
    at.registry.misbehave = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    await at.site.start();
    await at.becomes('/a', '200 v01:');
    at.registry.misbehave = undefined;
    await sleep(1_500);
    expect((await at.ask('/a')).response).toBe('v01:');
  });
});
