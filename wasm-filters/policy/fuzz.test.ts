import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '../build.ts';
import { type FilterHost, type FilterResult, type Headers, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { encodePolicy, identified, onRoute } from '../testing/policy-bytes.ts';

const NOW = 1_800_000_000;
const signer = issuer('ES256');
const HEADER = JSON.stringify({ alg: 'ES256', kid: signer.kid });

/** A policy that looks at everything a request has. */
const POLICY = encodePolicy({
  jwt: {
    providers: [
      {
        name: 'main',
        keys: [{ kid: signer.kid, algorithm: ALGORITHM.ES256, spki: signer.spki }],
        sources: [
          { source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } },
          { source: { case: 'queryParameter', value: 't' } },
          { source: { case: 'cookie', value: 'session' } },
        ],
        claimToHeaders: [
          { claim: ['sub'], header: 'x-user' },
          { claim: ['a', 'b'], header: 'x-nested' },
        ],
      },
    ],
  },
  authorization: {
    rules: [
      { name: 'scope', action: 2, jwt: { provider: 'main', scopes: ['never'] } },
      {
        name: 'role',
        action: 2,
        jwt: { provider: 'main', claims: [{ claim: ['role', 'x'], type: 2, values: ['no'] }] },
      },
      { name: 'rest', action: 1 },
    ],
  } as object,
});

let host: FilterHost;
beforeAll(async () => {
  host = await loadFilter(await compilePolicy(), { now: () => NOW * 1000 });
  host.configure(new Uint8Array());
});

function ask(token: string, properties = onRoute(POLICY)): FilterResult {
  return host.request({
    headers: [
      [':path', '/'],
      ['authorization', `Bearer ${token}`],
    ],
    properties,
  });
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('.', ';', '=', '&', '?', ' ', 'a', 't', 'session', 'Bearer ', 'e30'),
    maxLength: 12,
  }),
);
const names = fc.oneof(fc.constantFrom(':path', 'cookie', 'authorization', 'x-user', ''), anyText);
/** JSON, nearly JSON, and what is none. */
const jsonLike = fc.oneof(
  fc.json(),
  fc.tuple(fc.json(), fc.nat(), anyText).map(([text, at, more]) => {
    const where = at % (text.length + 1);
    return text.slice(0, where) + more + text.slice(where + 1);
  }),
  fc.nat(400).map((depth) => `{"sub":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        '\\',
        'u',
        'd800',
        '\\udc00',
        ':',
        ',',
        '-',
        '1',
        'e',
        '.',
        'true',
        'nul',
        ' ',
      ),
      {
        maxLength: 30,
      },
    )
    .map((parts) => parts.join('')),
);

describe('no request traps the filter', () => {
  const kinds = ['continue', 'response'];

  it('whatever its headers are', () => {
    const headers = fc.array(fc.tuple(names, anyText), { maxLength: 8 });
    fc.assert(
      fc.property(headers, (all: Headers) => {
        expect(kinds).toContain(host.request({ headers: all, properties: onRoute(POLICY) }).kind);
      }),
      { numRuns: 1_500 },
    );
  });

  it('whatever its token says, even when the signature is good', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(HEADER), jsonLike), jsonLike, (header, payload) => {
        expect(kinds).toContain(ask(signer.rawToken(header, payload)).kind);
      }),
      { numRuns: 1_500 },
    );
  });

  it('whatever the bytes of its policy are', () => {
    const token = signer.token({ sub: 'alice' });
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 3 });
    fc.assert(
      fc.property(edits, fc.nat(), (all, length) => {
        const bytes = POLICY.bytes.slice(
          0,
          POLICY.bytes.length - (length % 3 === 0 ? length % POLICY.bytes.length : 0),
        );
        for (const [at, value] of all) if (bytes.length > 0) bytes[at % bytes.length] = value;
        expect(kinds).toContain(ask(token, onRoute(identified(bytes))).kind);
      }),
      { numRuns: 1_500 },
    );
  });
});

describe('a token', () => {
  it('that was changed anywhere is never accepted', () => {
    const good = signer.token({ sub: 'alice', exp: NOW + 600 });
    expect(ask(good).kind).toBe('continue');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, text) => {
        fc.pre(text !== good[at]);
        expect(ask(good.slice(0, at) + text + good.slice(at + 1))).toMatchObject({ status: 401 });
      }),
      { numRuns: 1_000 },
    );
  });

  it('passes a claim on as JSON.parse sees it', () => {
    const plain = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.oneof(plain, fc.array(plain, { maxLength: 4 }), fc.object()), (sub) => {
        const expected = headerOf(JSON.parse(JSON.stringify(sub)));
        const result = ask(signer.token({ sub }));
        const found = result.kind === 'continue' ? new Map(result.headers).get('x-user') : undefined;
        expect(found).toBe(isHeaderValue(expected) ? expected : undefined);
        expect(result.kind).toBe(isHeaderValue(expected) ? 'continue' : 'response');
      }),
      { numRuns: 1_000 },
    );
  });

  it('is good from nbf to exp, give or take a minute, however the numbers are written', () => {
    const seconds = fc.oneof(
      fc.integer({ min: NOW - 200, max: NOW + 200 }),
      fc.double({ min: NOW - 200, max: NOW + 200, noNaN: true }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    // The filter's arithmetic may be off in the last digit: that much around the edge is not judged.
    const clear = (edge: number): boolean => Math.abs(edge) > 1e-3;
    fc.assert(
      fc.property(seconds, seconds, fc.boolean(), (exp, nbf, exponent) => {
        fc.pre(clear(NOW - exp - 60) && clear(NOW + 60 - nbf));
        const write = (value: number): string => (exponent ? value.toExponential() : JSON.stringify(value));
        const good = NOW < exp + 60 && NOW + 60 >= nbf;
        const token = signer.rawToken(HEADER, `{"exp":${write(exp)},"nbf":${write(nbf)}}`);
        expect(ask(token).kind).toBe(good ? 'continue' : 'response');
      }),
      { numRuns: 1_000 },
    );
  });
});

/** The claim as a header, by JavaScript's own means. */
function headerOf(claim: unknown): string {
  if (Array.isArray(claim) && claim.every((one) => one !== null && typeof one !== 'object')) {
    return claim.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(',');
  }
  if (typeof claim === 'string') return claim;
  return typeof claim === 'object' ? Buffer.from(JSON.stringify(claim)).toString('base64url') : JSON.stringify(claim);
}

function isHeaderValue(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what must not be in a header
  return !/[\u0000-\u0008\u000a-\u001f\u007f]/u.test(text);
}
