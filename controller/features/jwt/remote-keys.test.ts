import { describe, expect, it } from 'vitest';
import type { RemoteJWKS } from '#controller/api/gen/types.d.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { DEFAULT_SETTINGS } from '../../compile.ts';
import { ResourceStore } from '../../resources/store.ts';
import { remembered, wantsAsked } from '../../resources/tracked.ts';
import { remoteKeys } from './remote-keys.ts';

const SPEC: RemoteJWKS = { uri: 'https://keys.example/jwks?a=1', cacheDuration: '300s' };
const KEYS = JSON.stringify({ keys: [issuer('ES256', 'one').jwk] });

/** What becomes of keys, and what is wanted for them. */
function resolved(spec: RemoteJWKS, store = new ResourceStore()) {
  const both = remembered((one: RemoteJWKS, resources) => ({
    found: remoteKeys(one, 'at', { namespace: 'default', resources, settings: DEFAULT_SETTINGS }),
    wants: wantsAsked(resources),
  }));
  return both(spec, store);
}

describe('keys that are fetched', () => {
  it('are asked for, and pending until then', () => {
    const { found, wants } = resolved(SPEC);
    expect(wants).toEqual([{ kind: 'KeySet', url: SPEC.uri, refresh: 300_000, retry: 1_000 }]);
    expect(found).toEqual({
      ok: false,
      refusal: { reason: 'Pending', message: 'at: https://keys.example/jwks has not been fetched yet' },
    });
  });

  it('are there once they were fetched, under the name of their set', () => {
    const store = new ResourceStore();
    const [want] = resolved(SPEC).wants;
    if (want !== undefined) store.setAnswer(want, { answer: { kind: 'document', text: KEYS }, failure: 'down' });
    const { found } = resolved(SPEC, store);
    expect(found).toMatchObject({ ok: true, value: { keySet: expect.stringMatching(/^[0-9a-f]{16}$/u) } });
    expect(found.ok && found.value.keys.map(({ kid }) => kid)).toEqual(['one']);
  });

  it('may take as long as the policy says', () => {
    const backendSettings = { timeout: { http: { requestTimeout: '3s' } } };
    expect(resolved({ ...SPEC, backendSettings }).wants).toMatchObject([{ url: SPEC.uri, timeout: 3_000 }]);
  });

  it('are none where nobody asks: what is shown without a network opens nothing', () => {
    const { found } = resolved(SPEC, new ResourceStore({ assumeAnswers: true }));
    expect(found.ok && found.value.keys).toEqual([]);
  });

  it('are one want, however long each policy takes them to be good', () => {
    const first = resolved(SPEC).wants;
    const second = resolved({ ...SPEC, cacheDuration: '1s', failedRefetchDuration: '5s' }).wants;
    const store = new ResourceStore();
    for (const want of first) store.setAnswer(want, { answer: { kind: 'document', text: KEYS }, failure: undefined });
    expect(second).toMatchObject([{ refresh: 1_000, retry: 5_000 }]);
    expect(resolved({ ...SPEC, cacheDuration: '1s' }, store).found.ok).toBe(true);
  });

  it.each(['keys.example', 'file:///etc/passwd', 'https://user:s3cret@keys.example/'])(
    'are not asked for at %s',
    (uri) => {
      const { found, wants } = resolved({ ...SPEC, uri });
      expect(wants).toEqual([]);
      expect(found).toMatchObject({ refusal: { reason: 'Invalid', message: expect.stringMatching(/^at\.uri: /u) } });
      expect(JSON.stringify(found)).not.toContain('s3cret');
    },
  );
});
