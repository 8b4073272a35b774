import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testProvider } from '../testing/oidc-fixture.ts';
import { chunked, cookieHeader, joined, parseCookies } from './cookies.ts';
import { open, seal } from './sealing.ts';

const provider = testProvider();

/** Names that mean something here, and what stands in cookies. */
const names = fc.oneof(
  fc.constantFrom('sluice-session-a', 'sluice-tokens-a.0', 'sluice-tokens-a.1', 'sluice-flow-a-3', 'sluice-'),
  fc.string(),
);
const values = fc.oneof(fc.string(), fc.base64String(), fc.constantFrom('', '..', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.'));
const cookies = fc
  .array(fc.tuple(names, values), { maxLength: 12 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('; '));
const paths = fc.oneof(
  fc.constantFrom('/', '/oauth2/callback', '/logout', '/oauth2/callback?code=1&state=2'),
  fc.string().map((text) => `/${text}`),
  fc.string().map((text) => `/oauth2/callback?${text}`),
);

test('whatever a client sends, nobody gets in without a session, and nothing breaks', async () => {
  const browser = provider.world({ forwardsAccessToken: true }).browser();
  await fc.assert(
    fc.asyncProperty(cookies, paths, fc.string(), async (cookie, path, authority) => {
      const page = await browser.visit('/', { cookie, ':path': path, ':authority': authority });
      expect([302, 401]).toContain(page.status);
      expect(page.upstream).toBeUndefined();
      browser.jar.drop('');
    }),
    { numRuns: 500 },
  );
});

test('cookies are read as they are written', () => {
  const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/u);
  const value = fc.stringMatching(/^[!#-+\x2d-:<-[\]-~]{0,8}$/u);
  fc.assert(
    fc.property(fc.array(fc.record({ name: token, value })), (list) => {
      expect(parseCookies(cookieHeader(list))).toEqual(list);
    }),
  );
});

test('a value that was cut into cookies is whole again, whatever stands between', () => {
  const length = fc.integer({ min: 1, max: 20_000 });
  fc.assert(
    fc.property(length, fc.array(fc.record({ name: fc.string(), value: fc.string() })), (size, others) => {
      const text = 'x'.repeat(size);
      const pieces = chunked('name', text);
      const between = others.filter(({ name }) => !name.startsWith('name.'));
      expect(joined('name', [...between, ...pieces.toReversed()])).toBe(text);
    }),
  );
});

test('what was sealed is opened for its purpose by its key, and by no other', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), key, key, fc.boolean(), (...given) => {
      const [text, purpose, other, one, two, compress] = given;
      const sealed = seal(text, purpose, [one], compress);
      expect(open(sealed, purpose, [two, one])).toBe(text);
      expect(open(sealed, `${purpose}${other}!`, [one])).toBeUndefined();
      expect(open(sealed, purpose, [one.map((byte) => byte ^ 1)])).toBeUndefined();
      for (const wrong of [`${sealed}A`, sealed.slice(1), sealed.slice(0, -1), `${sealed}=`, '']) {
        expect(open(wrong, purpose, [one])).toBeUndefined();
      }
    }),
  );
});
