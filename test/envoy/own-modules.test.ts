import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { type EnvoyWithModules, startEnvoyWithModules } from './own-modules.ts';

const signer = issuer('RS256');
const spki = Buffer.from(signer.spki).toString('base64');

/** Each of our modules by itself, two of one module in one VM, on an Envoy that nobody has told of policies. */
describe('the modules by themselves', () => {
  let at: EnvoyWithModules;
  beforeAll(async () => {
    at = await startEnvoyWithModules([
      {
        module: 'jwt',
        configuration: {
          optional: true,
          providers: [
            {
              name: 'main',
              keys: [{ kid: signer.kid, algorithm: 'JWT_ALGORITHM_RS256', spki }],
              claimToHeaders: [{ claim: ['sub'], header: 'x-user' }],
            },
          ],
        },
      },
      {
        module: 'authorization',
        configuration: {
          defaultAction: 'AUTHORIZATION_ACTION_ALLOW',
          rules: [{ action: 'AUTHORIZATION_ACTION_DENY', path: { prefix: '/private' } }],
        },
      },
      {
        module: 'authorization',
        configuration: {
          rules: [
            { action: 'AUTHORIZATION_ACTION_DENY', headers: [{ name: 'x-user', values: ['mallory'] }] },
            { action: 'AUTHORIZATION_ACTION_ALLOW', clients: [{ network: 'fwAAAA==', prefixLength: 8 }] },
          ],
        },
      },
      {
        module: 'header-rewrite',
        configuration: {
          request: {
            set: [
              { name: 'x-one', value: '1' },
              { name: 'x-tenant', from: [{ queryParameter: 'tenant' }, { header: 'x-org' }], value: 'nobody' },
              { name: 'x-client', from: [{ clientAddress: true }] },
              { name: 'x-host', from: [{ header: 'host' }] },
            ],
            add: [{ name: 'x-more', value: 'more' }],
            remove: ['x-gone'],
          },
          response: {
            set: [
              { name: 'x-echo-port', value: 'hidden' },
              { name: 'x-asked', from: [{ header: ':path' }] },
            ],
          },
        },
      },
      {
        module: 'header-rewrite',
        configuration: {
          request: { set: [{ name: 'x-two', value: '2' }] },
          response: { add: [{ name: 'x-second', value: '2' }], remove: ['content-type'] },
        },
      },
    ]);
  });
  afterAll(() => at.stop());

  const ask = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`http://127.0.0.1:${at.port}${path}`, { headers });
    const text = await response.text();
    const upstream: unknown = response.status === 200 ? JSON.parse(text) : undefined;
    return { status: response.status, upstream, headers: Object.fromEntries(response.headers) };
  };
  const bearer = (sub: string) => ({ authorization: `Bearer ${signer.token({ sub, exp: 4_102_444_800 })}` });

  it('jwt verifies tokens and tells what they claim', async () => {
    expect(await ask('/', { 'x-user': 'root' })).toMatchObject({ status: 200 });
    expect((await ask('/', { 'x-user': 'root' })).upstream).not.toHaveProperty('x-user');
    expect(await ask('/', bearer('alice'))).toMatchObject({ status: 200, upstream: { 'x-user': 'alice' } });
    expect(await ask('/', { authorization: 'Bearer a.b.c' })).toMatchObject({ status: 401 });
  });

  it('authorization decides, each plugin by its own rules', async () => {
    expect(await ask('/private/a')).toMatchObject({ status: 403 });
    expect(await ask('/', bearer('mallory'))).toMatchObject({ status: 403 });
  });

  it('header-rewrite changes requests and responses, each plugin by its own configuration', async () => {
    const sent = { 'x-more': 'one', 'x-gone': 'a', 'x-one': 'forged', 'x-org': 'acme' };
    const { upstream, headers } = await ask('/a', sent);
    expect(upstream).toMatchObject({ 'x-one': '1', 'x-two': '2', 'x-tenant': 'acme', 'x-client': '127.0.0.1' });
    expect(upstream).toMatchObject({ 'x-more': 'one, more', 'x-host': `127.0.0.1:${at.port}` });
    expect(upstream).not.toHaveProperty('x-gone');
    expect(headers).toMatchObject({ 'x-echo-port': 'hidden', 'x-asked': '/a', 'x-second': '2' });
    expect(headers).not.toHaveProperty('content-type');
  });

  it('header-rewrite takes values from the query, and what is for none of them', async () => {
    expect(await ask('/?tenant=a%20b')).toMatchObject({ upstream: { 'x-tenant': 'a b' } });
    expect(await ask('/')).toMatchObject({ upstream: { 'x-tenant': 'nobody' } });
  });
});
