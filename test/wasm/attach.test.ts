import { createServer } from 'node:https';
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proxyPaths } from '#controller/infra/local/state-folder.ts';
import { listen } from '../listening.ts';
import { until } from '../process/sluice.ts';
import { digestOf } from '#controller/oci/image-module.ts';
import { selfSigned } from '../seeds/self-signed.ts';
import { extension, FilterSite, image, pullSecret } from './filter-site.ts';
import { userFilter } from './user-filter.ts';

/** Something that Envoy rejects for as long as it is there. */
const REJECTED_CLUSTER = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: bad }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }
  type: JSONPatch
  jsonPatches:
    - type: type.googleapis.com/envoy.config.cluster.v3.Cluster
      name: bad
      operation: { op: add, path: "", value: { name: bad, type: STATIC, connect_timeout: -1s } }
`;

let at: FilterSite;
beforeEach(async () => {
  at = await FilterSite.make(['plain', 'a', 'b']);
});
afterEach(() => at.destroy());

describe('filters of a policy', () => {
  it('run in order, each with its configuration, on the routes of the policy and no others', async () => {
    await at.publish('team/one', 'v1', 'v01');
    await at.publish('team/two', 'v1', 'v02');
    const { host } = at.registry;
    at.site.write(
      'p.yaml',
      extension('a', [
        image(`oci://${host}/team/two:v1`, { config: { value: 'x' } }),
        image(`${host}/team/one:v1`, {
          config: { value: 'y', more: [1, { two: 3 }] },
          name: 'named',
          rootID: 'my_root',
        }),
      ]),
    );
    await at.site.start();
    await at.becomes('/a', '200 v01:y, v02:x');
    expect(await at.ask('/a')).toEqual({ status: 200, request: 'v02:x, v01:y', response: 'v01:y, v02:x' });
    expect(await at.ask('/b')).toEqual({ status: 200, request: undefined, response: null });
    expect(await at.said('a')).toMatch(/^Accepted=True/u);
  });

  it('take another configuration, and another version, without a lost request or connection', async () => {
    for (const version of ['v01', 'v02']) await at.publish('f', version, version);
    const policy = (tag: string, value: string): void =>
      at.site.write('p.yaml', extension('a', [image(`${at.registry.host}/f:${tag}`, { config: { value } })]));
    policy('v01', '1');
    await at.site.start();
    await at.becomes('/a', '200 v01:1');
    policy('v01', '2');
    await at.becomes('/a', '200 v01:2');
    policy('v02', '2');
    await at.becomes('/a', '200 v02:2');
  });

  it('are there again when Envoy is started anew', async () => {
    await at.publish('f', 'v1', 'v01');
    at.site.write('p.yaml', extension('a', [image(`${at.registry.host}/f:v1`)]));
    await at.site.start();
    await at.becomes('/a', '200 v01:');
    const [envoy] = at.site.records('envoy');
    process.kill(envoy?.pid ?? 0, 'SIGKILL');
    await until('Envoy is another', () => at.site.records('envoy').some(({ pid }) => pid !== envoy?.pid));
    await at.becomes('/a', '200 v01:');
  });

  it('are out of the way when the policy is gone, and their files are deleted', async () => {
    await at.publish('f', 'v1', 'v01');
    at.site.write('p.yaml', extension('a', [image(`${at.registry.host}/f:v1`)]));
    await at.site.start();
    await at.becomes('/a', '200 v01:');
    const file = `${digestOf(await userFilter('v01')).replace(':', '-')}.wasm`;
    const files = (): readonly string[] => readdirSync(proxyPaths(at.site.state, 'default/shop').modules);
    expect(files()).toContain(file);
    at.site.remove('p.yaml');
    await at.becomes('/a', '200 null');
    await until('the module is deleted', () => !files().includes(file));
    expect(files()).toHaveLength(1);
  });
});

describe('a module that cannot be had', () => {
  it('closes its own routes, leaves out a filter that fails open, and is there as soon as it can be had', async () => {
    const { host } = at.registry;
    at.site.write(
      'p.yaml',
      extension('a', [image(`${host}/f:v1`)]) + extension('b', [image(`${host}/f:v1`, { failOpen: true })]),
    );
    await at.site.start();
    await at.becomes('/a', '500 null');
    expect(await at.ask('/b')).toMatchObject({ status: 200, response: null });
    expect(await at.ask('/plain')).toMatchObject({ status: 200 });
    await at.says(
      'a',
      /^Accepted=False \(Invalid\): .*spec\.wasm\[0\]\.code: .*404.*answered with 500, unless an earlier version serves/u,
    );
    expect(await at.said('b')).toMatch(/its filter is left out/u);
    await at.publish('f', 'v1', 'v01');
    await at.becomes('/a', '200 v01:');
    await at.becomes('/b', '200 v01:');
    expect(await at.said('a')).toMatch(/^Accepted=True/u);
  });

  it('leaves the version before it in force', async () => {
    await at.publish('f', 'v1', 'v01');
    const { host } = at.registry;
    at.site.write('p.yaml', extension('a', [image(`${host}/f:v1`, { config: { value: 'old' } })]));
    await at.site.start();
    await at.becomes('/a', '200 v01:old');
    at.site.write('p.yaml', extension('a', [image(`${host}/f:v2`, { config: { value: 'new' } })]));
    await at.says('a', /404/u);
    expect(await at.ask('/a')).toMatchObject({ status: 200, response: 'v01:old' });
    // Another controller goes on with it, too.
    at.site.signal('SIGKILL');
    await at.site.ended();
    await at.site.start();
    await at.says('a', /404/u);
    expect(await at.ask('/a')).toMatchObject({ status: 200, response: 'v01:old' });
    await at.publish('f', 'v2', 'v02');
    await at.becomes('/a', '200 v02:new');
  });

  it('by another digest than the policy says is told with the one that there is', async () => {
    const digest = await at.publish('f', 'v1', 'v01');
    const url = `${at.registry.host}/f:v1`;
    const wrong = 'ab'.repeat(32);
    at.site.write('p.yaml', extension('a', [image(url, {}, { sha256: wrong })]));
    await at.site.start();
    await at.becomes('/a', '500 null');
    await at.says('a', new RegExp(`Accepted=False .Invalid.*the image of tag v1 has the digest ${digest}`, 'u'));
    at.site.write('p.yaml', extension('a', [image(url, {}, { sha256: digest.replace('sha256:', '') })]));
    await at.becomes('/a', '200 v01:');
  });

  it('and was left out closes its routes once it may not be any more, whatever else Envoy rejects', async () => {
    const policy = (failOpen: boolean): void =>
      at.site.write('p.yaml', extension('a', [image(`${at.registry.host}/f:v1`, { failOpen })]));
    policy(true);
    at.site.write('bad.yaml', REJECTED_CLUSTER);
    await at.site.start();
    await at.says('a', /its filter is left out/u);
    await at.becomes('/a', '200 null');
    await until('the cluster is rejected', () =>
      at.site.log().some((line) => line['name'] === 'bad' && line['msg'] === 'the proxy rejected a configuration'),
    );
    policy(false);
    await at.becomes('/a', '500 null');
    policy(true);
    await at.becomes('/a', '200 null');
    policy(false);
    await at.becomes('/a', '500 null');
    await at.publish('f', 'v1', 'v01');
    await at.becomes('/a', '200 v01:');
  });

  it('and is left out leaves the processor beside it in force', async () => {
    const backendRefs = [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'nobody' }];
    const nobody = { endpoints: [{ ip: { address: '127.0.0.1', port: 9 } }] };
    at.site.write(
      'p.yaml',
      `${extension('a', [image(`${at.registry.host}/f:v1`, { failOpen: true })], {
        extProc: [{ backendRefs, processingMode: { request: {} } }],
      })}---\n${JSON.stringify({
        apiVersion: 'gateway.envoyproxy.io/v1alpha1',
        kind: 'Backend',
        metadata: { name: 'nobody' },
        spec: nobody,
      })}\n`,
    );
    await at.site.start();
    await at.says('a', /its filter is left out/u);
    for (let i = 0; i < 10; i += 1) expect((await at.ask('/a')).status).toBe(500);
  });

  it('as Envoy refuses it closes its own routes, or is left out, and its policy says so', async () => {
    const { host } = at.registry;
    await at.publish('f', 'v1', 'v01');
    const refuse = { config: { refuse: true } };
    at.site.write(
      'p.yaml',
      extension('a', [image(`${host}/f:v1`, refuse)]) +
        extension('b', [image(`${host}/f:v1`, { ...refuse, failOpen: true })]),
    );
    await at.site.start();
    await at.becomes('/a', '500 null');
    await at.becomes('/b', '200 null');
    expect(await at.ask('/plain')).toMatchObject({ status: 200 });
    await at.says('a', /Rejected/u);
  });
});

describe('a private image', () => {
  beforeEach(async () => {
    await at.publish('secret/f', 'v1', 'v01');
    at.registry.auth = { kind: 'bearer', word: 'alice:s3cret' };
  });

  it('is pulled with the Secret of the policy, and by no policy without', async () => {
    const { host } = at.registry;
    at.site.write(
      'p.yaml',
      pullSecret('pull', host) +
        extension('a', [image(`${host}/secret/f:v1`, {}, { pullSecretRef: { name: 'pull' } })]) +
        // It is in the cache by the time this one asks, if not before: that is no reason to get it.
        extension('b', [image(`${host}/secret/f:v1`)]),
    );
    await at.site.start();
    await at.becomes('/a', '200 v01:');
    await at.becomes('/b', '500 null');
    await at.says('b', /without credentials/u);
    expect(JSON.stringify(at.site.log())).not.toContain('s3cret');
  });
});

it('a module from a URL is verified, and asked for once', async () => {
  const wasm = await userFilter('v07');
  let asked = 0;
  at.registry.misbehave = (request, response) => {
    if (request.url !== '/filter.wasm') return false;
    asked += 1;
    response.end(wasm);
    return true;
  };
  const http = { url: `${at.registry.url.href}filter.wasm`, sha256: digestOf(wasm).slice('sha256:'.length) };
  at.site.write('p.yaml', extension('a', [{ code: { type: 'HTTP', http }, config: { value: 'h' } }]));
  await at.site.start();
  await at.becomes('/a', '200 v07:h');
  at.site.write('p.yaml', extension('a', [{ code: { type: 'HTTP', http }, config: { value: 'i' } }]));
  await at.becomes('/a', '200 v07:i');
  expect(asked).toBe(1);
});

it('a module from a server with an authority of its own is had by the policy that trusts it, and by no other', async () => {
  const wasm = await userFilter('v08');
  const pair = selfSigned('localhost');
  const server = createServer({ cert: pair['tls.crt'], key: pair['tls.key'] }, (_, response) => response.end(wasm));
  const { port, stop } = await listen(server);
  const url = `https://localhost:${port}/f.wasm`;
  const code = (tls: object) => ({ type: 'HTTP', http: { url, ...tls } });
  const authority = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ca' },
    stringData: { 'ca.crt': pair['tls.crt'] },
  };
  at.site.write(
    'p.yaml',
    `---\n${JSON.stringify(authority)}\n` +
      extension('a', [{ code: code({ tls: { caCertificateRef: { name: 'ca' } } }) }]) +
      extension('b', [{ code: code({}) }]),
  );
  await at.site.start();
  await at.becomes('/a', '200 v08:');
  await at.says('b', /certificate/u);
  expect(await at.ask('/b')).toMatchObject({ status: 500 });
  at.site.write('p.yaml', extension('a', [{ code: code({ tls: { caCertificateRef: { name: 'gone' } } }) }]));
  await at.says('a', /wasm\[0\]\.code\.http\.tls\.caCertificateRef.*Secret default\/gone does not exist/u);
  await stop();
});
