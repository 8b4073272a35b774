import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileFilter } from '#wasm-filters/build.ts';
import { packImage } from '#wasm-filters/build/image.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { until } from '../process/sluice.ts';
import { extension, FilterSite, image } from './filter-site.ts';

const signer = issuer('RS256');
const authorization = `Bearer ${signer.token({ sub: 'alice', exp: 4_102_444_800 })}`;

/** A policy that owns the header `x-wasm`, which the back-end tells of. */
const OWNER = `---\n${JSON.stringify({
  apiVersion: 'gateway.envoyproxy.io/v1alpha1',
  kind: 'SecurityPolicy',
  metadata: { name: 'owned' },
  spec: {
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'owned' }],
    jwt: {
      providers: [
        {
          name: 'main',
          localJWKS: { type: 'Inline', inline: JSON.stringify({ keys: [signer.jwk] }) },
          claimToHeaders: [{ claim: 'sub', header: 'x-wasm' }],
        },
      ],
    },
  },
})}\n`;

describe('the image header-rewrite, attached by an EnvoyExtensionPolicy', () => {
  let at: FilterSite;
  beforeAll(async () => {
    at = await FilterSite.make(['a', 'owned']);
    at.registry.put('header-rewrite', 'v1', packImage(await compileFilter('header-rewrite'), 'artifact'));
    const rewrite = image(`${at.registry.host}/header-rewrite:v1`, {
      config: {
        request: { set: [{ name: 'x-wasm', from: [{ queryParameter: 'who' }], value: 'root' }] },
        response: { set: [{ name: 'x-wasm', from: [{ header: ':path' }] }] },
      },
    });
    at.site.write('p.yaml', OWNER + extension('a', [rewrite]) + extension('owned', [rewrite]));
    await at.site.start();
    await at.becomes('/a', '200 /a');
    await until('the policy is in force', async () => (await at.ask('/owned')).status === 401);
  });
  afterAll(() => at.destroy());

  it('rewrites requests and responses', async () => {
    expect(await at.ask('/a?who=ada', { 'x-wasm': 'forged' })).toEqual({
      status: 200,
      request: 'ada',
      response: '/a?who=ada',
    });
  });

  it('does not get a header of the policy past it', async () => {
    expect(await at.ask('/owned?who=root')).toMatchObject({ status: 401 });
    expect(await at.ask('/owned?who=root', { authorization })).toMatchObject({ status: 200, request: 'alice' });
  });
});
