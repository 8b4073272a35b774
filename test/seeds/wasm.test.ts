import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_FETCH_SETTINGS } from '#extproc/outbound/fetch-settings.ts';
import { createFetcher } from '#extproc/outbound/guarded-fetch.ts';
import { digestOf } from '#controller/oci/image-module.ts';
import { pushImage } from '#controller/oci/push.ts';
import { parseReference } from '#controller/oci/reference.ts';
import { packImage } from '#wasm-filters/build/image.ts';
import { listen } from '../listening.ts';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, Site } from '../process/sluice.ts';
import { ALICE, REGISTRY_IS_THERE, type RealRegistry, startRegistry } from '../registry/real-registry.ts';
import { userFilter } from '../wasm/user-filter.ts';
import { startEchoBackEnd } from './echo-back-end.ts';
import { seedPath, SEEDS_ARE_THERE } from './folder.ts';
import { selfSigned } from './self-signed.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A seed's policy with the route that it targets; `sluice` are the settings that lead its hosts to this machine. */
async function run(policy: string, sluice: object, more: string, files: { readonly [name: string]: string } = {}) {
  const [backEnd, port] = [await startEchoBackEnd('foo'), await freePort()];
  const site = await Site.make({
    'policy.yaml': policy,
    'own.yaml': `${CLASS}${gateway('eg', port)}${route('backend', 'eg', '/', backEnd.port)}---\n${more}`,
  });
  site.configure({ sluice }, files);
  closers.push(
    () => site.destroy(),
    () => backEnd.stop(),
  );
  await site.start();
  return { ask: async () => fetch(`http://127.0.0.1:${port}/`) };
}

async function push(registry: RealRegistry, name: string, wasm: Uint8Array, layout: 'artifact' | 'compat') {
  const reference = parseReference(`${registry.host}/${name}`);
  if (!reference.ok) throw new Error(reference.refusal.message);
  const fetcher = createFetcher(DEFAULT_FETCH_SETTINGS);
  const pushed = await pushImage(
    {
      fetch: fetcher.fetch,
      endpoint: new URL(registry.url),
      reference: reference.value,
      credentials: { kind: 'password', ...ALICE },
    },
    packImage(wasm, layout),
  );
  await fetcher.close();
  if (!pushed.ok) throw new Error(pushed.refusal.message);
  return pushed.value;
}

describe.runIf(SEEDS_ARE_THERE && REGISTRY_IS_THERE)("the seeds' EnvoyExtensionPolicy with Wasm", () => {
  it('004-18: two images, one private and with a checksum, run once the checksum is in its place', async () => {
    const [open, closed] = await Promise.all([startRegistry(), startRegistry({ isPrivate: true })]);
    closers.push(
      () => open.stop(),
      () => closed.stop(),
    );
    await push(open, 'zhaohuabing/testwasm:v0.0.1', await userFilter('v01'), 'compat');
    const digest = await push(closed, 'wasm-filter-2:v1.0.0', await userFilter('v02'), 'artifact');
    const seed = readFileSync(seedPath('004-18'), 'utf8');
    // The checksum stands one level too deep, and is too short to be one.
    const policy = seed.replace(/^ {10}sha256: .*$/mu, `        sha256: ${digest.replace('sha256:', '')}`);
    expect(policy).not.toBe(seed);
    const auths = { 'my.private.regisgtry': { auth: btoa(`${ALICE.username}:${ALICE.password}`) } };
    const secret = `apiVersion: v1
kind: Secret
metadata: { name: my-pull-secret }
type: kubernetes.io/dockerconfigjson
stringData: { .dockerconfigjson: '${JSON.stringify({ auths })}' }
`;
    const registryMirrors = { 'docker.io': [open.url], 'my.private.regisgtry': [closed.url] };
    const { ask } = await run(policy, { registryMirrors }, secret);
    await expect.poll(async () => (await ask()).headers.get('x-wasm')).toBe('v02:, v01:');
  });

  it('004-19: a module from a URL runs once its checksum is whole', async () => {
    const wasm = await userFilter('v03');
    const certificate = selfSigned('www.example.com');
    const server = createServer({ cert: certificate['tls.crt'], key: certificate['tls.key'] }, (request, response) => {
      if (request.url === '/wasm-filter-1.wasm') response.end(wasm);
      else response.writeHead(404).end();
    });
    const { port, stop } = await listen(server);
    closers.push(stop);
    const seed = readFileSync(seedPath('004-19'), 'utf8');
    const policy = seed.replace(/sha256: .*$/mu, `sha256: ${digestOf(wasm).replace('sha256:', '')}`);
    expect(policy).not.toBe(seed);
    const settings = { resolverOverrides: { 'www.example.com': `127.0.0.1:${port}` }, caBundle: 'ca.pem' };
    const { ask } = await run(policy, settings, '', { 'ca.pem': certificate['tls.crt'] });
    await expect.poll(async () => (await ask()).headers.get('x-wasm')).toBe('v03:');
  });
});
