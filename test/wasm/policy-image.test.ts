import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '#controller/oci/image-module.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { packImage } from '#wasm-filters/build/image.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { sluice, until } from '../process/sluice.ts';
import { FilterSite } from './filter-site.ts';

let at: FilterSite;
beforeEach(async () => {
  at = await FilterSite.make(['plain', 'guarded']);
});
afterEach(() => at.destroy());

const keys = issuer('ES256');
const SECURITY = `---\n${JSON.stringify({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'SecurityPolicy',
  metadata: { name: 'guarded' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'guarded' }],
    jwt: { providers: [{ name: 'p', localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [keys.jwk] }) } }] },
  },
})}\n`;

it('the policy module is taken from the image that the operator names, and from nowhere else', async () => {
  at.site.write('p.yaml', SECURITY);
  at.site.configure({ sluice: { policyImage: `${at.registry.host}/policy:v1` } });
  await at.site.start();
  await at.becomes('/guarded', '500 null');
  expect((await at.ask('/plain')).status).toBe(200);
  // The same module with a section that says nothing, so that it is another one.
  const module = new Uint8Array([...(await compilePolicy()), 0, 4, 1, 0x78, 0, 0]);
  at.registry.put('policy', 'v1', packImage(module, 'compat'));
  await at.becomes('/guarded', '401 null');
  const authorization = `Bearer ${keys.token({ exp: 4_000_000_000 })}`;
  expect((await at.ask('/guarded', { authorization })).status).toBe(200);
  const { stdout } = await sluice(['config-dump', 'default/shop', '--admin', at.site.admin]);
  expect(stdout).toContain(digestOf(module).replace(':', '-'));
});

it('one that is no reference ends the command', async () => {
  at.site.configure({ sluice: { policyImage: 'Not An Image' } });
  await at.site.start({ ready: false });
  await until('it has ended', async () => (await at.site.ended()) !== undefined);
  expect(await at.site.ended()).toBe(2);
});
