import { createHmac, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lower } from '#controller/xds/lower.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { freePort } from '../process/sluice.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';
import { backend, manifest, to, yamlOf } from './route-site.ts';

const group = 'gateway.networking.k8s.io';
const eg = 'gateway.envoyproxy.io';

const rs = issuer('RS256', 'rs');
const es = issuer('ES256', 'es');
const forEncryption = issuer('ES256', 'enc');
const forSigning = issuer('ES256', 'sign');
const unknown = issuer('ES512', 'unknown');
const twice = [issuer('ES256', 'twice'), issuer('ES256', 'twice')] as const;

const KEYS = [
  rs.jwk,
  es.jwk,
  { ...forEncryption.jwk, use: 'enc' },
  { ...forSigning.jwk, use: undefined, key_ops: ['sign'] },
  ...twice.map(({ jwk }) => jwk),
];
/** By route: the keys of its policy. */
const ROUTES = { orders: KEYS, odd: [...KEYS, { ...unknown.jwk, alg: 'ES521' }] } as const;

const seconds = (): number => Math.floor(Date.now() / 1000);
const now = seconds();
const CLAIMS = { iss: 'https://issuer', sub: 'alice', exp: now + 600 };
const HEADER = { alg: 'RS256', kid: 'rs' };
const encode = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');

function manifests(gateways: readonly (readonly [name: string, port: number])[], echo: number): string {
  return yamlOf([
    manifest('GatewayClass', 'sluice', {
      controllerName: `${eg}/gatewayclass-controller`,
      parametersRef: { group: eg, kind: 'EnvoyProxy', name: 'merged', namespace: 'default' },
    }),
    manifest('EnvoyProxy', 'merged', { mergeGateways: true }),
    ...gateways.map(([name, port]) =>
      manifest('Gateway', name, {
        gatewayClassName: 'sluice',
        listeners: [{ name: 'http', protocol: 'HTTP', port }],
      }),
    ),
    manifest('EnvoyPatchPolicy', 'large-headers', {
      targetRef: { group, kind: 'GatewayClass', name: 'sluice' },
      type: 'JSONPatch',
      jsonPatches: [
        {
          type: 'type.googleapis.com/envoy.config.listener.v3.Listener',
          name: 'default/large/http',
          operation: {
            op: 'add',
            path: '/default_filter_chain/filters/0/typed_config/max_request_headers_kb',
            value: 256,
          },
        },
      ],
    }),
    backend('echo', [echo]),
    ...Object.entries(ROUTES).flatMap(([name, keys]) => [
      manifest('HTTPRoute', name, {
        parentRefs: gateways.map(([gateway]) => ({ name: gateway })),
        rules: [{ matches: [{ path: { value: `/${name}` } }], backendRefs: [to('echo')] }],
      }),
      manifest('SecurityPolicy', name, {
        targetRefs: [{ group, kind: 'HTTPRoute', name }],
        jwt: {
          providers: [
            {
              name: 'main',
              issuer: 'https://issuer',
              localJWKS: { type: 'Inline', inline: JSON.stringify({ keys }) },
            },
          ],
        },
      }),
    ]),
  ]);
}

describe('a token on real Envoy', () => {
  let folder: string;
  let envoy: LiveEnvoy;
  let echo: Echo;
  let port: number;
  let largePort: number;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-'));
    writeFileSync(join(folder, 'policy.wasm'), await compilePolicy());
    [port, largePort] = [await freePort(), await freePort()];
    echo = await startEcho();
    envoy = await startLiveEnvoy();
    const gateways = [
      ['usual', port],
      ['large', largePort],
    ] as const;
    const proxy = compileText(manifests(gateways, echo.port));
    expect(await envoy.publish(lower(proxy, { digest: 'sha256:test', path: join(folder, 'policy.wasm') }))).toEqual([]);
  });
  afterAll(async () => {
    await envoy.stop();
    await echo.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (authorization: string | undefined, path = '/orders', at = port): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = authorization === undefined ? {} : { authorization };
      const request = httpRequest({ port: at, path, headers, agent: false }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject);
      request.end();
    });

  const good: readonly (readonly [string, () => string])[] = [
    ['by RS256', () => rs.token(CLAIMS)],
    ['by ES256', () => es.token(CLAIMS)],
    ['without kid', () => rs.token(CLAIMS, { kid: undefined })],
    ['by the second of two keys of one kid', () => twice[1].token(CLAIMS)],
    ['whose exp has passed, within the leeway', () => rs.token({ ...CLAIMS, exp: seconds() - 30 })],
    ['without exp', () => rs.token({ ...CLAIMS, exp: undefined })],
    ['whose header has members that nobody knows', () => rs.token(CLAIMS, { typ: 'JWT', x: [1, { y: null }] })],
  ];
  it.each(good)('passes %s', async (_, token) => {
    expect(await ask(`Bearer ${token()}`)).toBe(200);
  });

  const bad: readonly (readonly [string, () => string])[] = [
    ['whose key is for encryption', () => forEncryption.token(CLAIMS)],
    ['whose key may not verify', () => forSigning.token(CLAIMS)],
    ['without kid, by a key that may not verify', () => forSigning.token(CLAIMS, { kid: undefined })],
    ['with alg none', () => `${encode({ ...HEADER, alg: 'none' })}.${encode(CLAIMS)}.`],
    ['with alg NONE and a signature', () => rs.token(CLAIMS, { alg: 'NONE' })],
    ['with HS256 and the public key in PEM as secret', () => hmac('pem')],
    ['with HS256 and the public key in DER as secret', () => hmac('der')],
    ['by a kid that nobody knows', () => rs.token(CLAIMS, { kid: 'nobody' })],
    ['by the kid of another key', () => rs.token(CLAIMS, { kid: 'es' })],
    ['with an empty kid', () => rs.token(CLAIMS, { kid: '' })],
    ['with crit', () => rs.token(CLAIMS, { crit: ['exp'] })],
    ['with an empty crit', () => rs.token(CLAIMS, { crit: [] })],
    ['with alg twice', () => rs.rawToken('{"alg":"RS256","alg":"RS256","kid":"rs"}', JSON.stringify(CLAIMS))],
    ['with iss twice', () => rs.rawToken(JSON.stringify(HEADER), '{"iss":"https://issuer","iss":"https://issuer"}')],
    ['with exp twice', () => rs.rawToken(JSON.stringify(HEADER), `{"iss":"https://issuer","exp":1,"exp":${now + 60}}`)],
    ['whose exp has passed', () => rs.token({ ...CLAIMS, exp: now - 120 })],
    ['whose exp is text', () => rs.token({ ...CLAIMS, exp: String(now + 600) })],
    ['whose nbf is to come', () => rs.token({ ...CLAIMS, nbf: seconds() + 300 })],
    ['of another issuer', () => rs.token({ ...CLAIMS, iss: 'https://issuer/' })],
    ['with a byte behind its signature', () => `${rs.token(CLAIMS)}AA`],
    ['with a character behind its signature', () => `${es.token(CLAIMS)}A`],
    ['with "=" behind its signature', () => `${rs.token(CLAIMS)}=`],
    ['with "=" behind its payload', () => rs.token(CLAIMS).replace(/\.([^.]*)\.(.*)$/u, '.$1=.$2')],
    ['with a dot behind it', () => `${rs.token(CLAIMS)}.`],
    ['with a dot before it', () => `.${rs.token(CLAIMS)}`],
    ['with a fourth part', () => `${rs.token(CLAIMS)}.${encode({})}`],
    ['with a space before it', () => ` ${rs.token(CLAIMS)}`],
    ['with a space in it', () => rs.token(CLAIMS).replace('.', ' .')],
    ['with a tab in it', () => rs.token(CLAIMS).replace('.', '\t.')],
    ['whose last character has bits that are not used', () => nonCanonical(es.token(CLAIMS))],
    ['with characters of the other base64', () => rs.token(CLAIMS).replaceAll('-', '+').replaceAll('_', '/')],
    ['without a signature', () => rs.token(CLAIMS).replace(/[^.]*$/u, '')],
    ['of dots', () => '..'],
    ['of nothing', () => ''],
  ];
  it.each(bad)('is 401 %s', async (_, token) => {
    expect(await ask(`Bearer ${token()}`)).toBe(401);
  });

  it('is 401 with white space behind it that is more than a header may end with, and is taken off with it else', async () => {
    // White space around a field's value is no part of it (RFC 9110 section 5.5): Envoy takes it off.
    expect(await ask(`Bearer ${rs.token(CLAIMS)}  `)).toBe(200);
    expect(await ask(`Bearer ${rs.token(CLAIMS)} x`)).toBe(401);
  });

  it('of 64 KiB is 431 by Envoy, and 401 where Envoy takes headers of that size', async () => {
    const token = rs.token({ ...CLAIMS, pad: 'x'.repeat(50_000) });
    expect(token.length).toBeGreaterThan(65_536);
    expect(await ask(`Bearer ${token}`)).toBe(431);
    expect(await ask(`Bearer ${token}`, '/orders', largePort)).toBe(401);
    expect(await ask(`Bearer ${'a'.repeat(65_536)}`, '/orders', largePort)).toBe(401);
  });

  it('of 48 KiB passes', async () => {
    const token = rs.token({ ...CLAIMS, pad: 'x'.repeat(36_000) });
    expect(token.length).toBeGreaterThan(48_000);
    expect(await ask(`Bearer ${token}`)).toBe(200);
    expect(await ask(`Bearer ${token}`)).toBe(200);
  });

  it('of a key with an unknown alg is refused, and those of the keys beside it are good', async () => {
    expect(await ask(`Bearer ${unknown.token(CLAIMS, { alg: 'ES521' })}`, '/odd')).toBe(401);
    expect(await ask(`Bearer ${unknown.token(CLAIMS)}`, '/odd')).toBe(401);
    expect(await ask(undefined, '/odd')).toBe(401);
    expect(await ask(`Bearer ${rs.token(CLAIMS)}`, '/odd')).toBe(200);
  });

  it('never makes the module trap', async () => {
    expect(await envoy.admin('/stats?filter=wasm.*(failed|reload)')).not.toMatch(/: [1-9]/u);
  });
});

function hmac(type: 'pem' | 'der'): string {
  const key = createPublicKey({ key: Buffer.from(rs.spki), format: 'der', type: 'spki' });
  const secret = type === 'pem' ? key.export({ type: 'spki', format: 'pem' }) : Buffer.from(rs.spki);
  const text = `${encode({ ...HEADER, alg: 'HS256' })}.${encode(CLAIMS)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** The same bytes, written with a last character whose unused bits are set. */
function nonCanonical(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.slice(-1));
  return token.slice(0, -1) + (alphabet[last + 1] ?? '');
}
