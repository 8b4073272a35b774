import { beforeAll, describe, expect, it } from 'vitest';
import { compileFilter } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { issuer } from '../testing/issuer.ts';

const NOW = 1_800_000_000;
const sidecar = issuer('ES256', 'session');
const CLAIMS = { iss: 'login', aud: 'shop', sub: 'ada', exp: NOW + 60 };

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileFilter('oidc');
});

const SESSION = {
  issuer: 'login',
  audiences: ['shop'],
  keys: [{ kid: 'session', algorithm: 'JWT_ALGORITHM_ES256', spki: Buffer.from(sidecar.spki).toString('base64') }],
  sources: [{ cookie: 'login' }],
  claimToHeaders: [{ claim: ['sub'], header: 'X-User' }],
};
const GOOD = { session: SESSION, callbackPath: '/callback' };

async function hostOf(config: unknown): Promise<FilterHost | undefined> {
  const host = await loadFilter(wasm, { now: () => NOW * 1000 });
  return host.configure(new TextEncoder().encode(JSON.stringify(config))) ? host : undefined;
}

async function ask(config: object, headers: readonly (readonly [string, string])[], path = '/') {
  const host = await hostOf(config);
  if (host === undefined) throw new Error('the configuration is refused');
  const result = host.request({ headers: [[':path', path], ...headers] });
  if (result.kind === 'response') return { status: result.status };
  if (result.kind !== 'continue') throw new Error(result.kind);
  const isLeft = host.filterState().has('sluice.sidecar');
  return { goes: isLeft ? 'to the sidecar' : 'on', user: new Map(result.headers).get('x-user') };
}

const session = (claims: object = {}): readonly [string, string] => [
  'cookie',
  `login=${sidecar.token({ ...CLAIMS, ...claims })}`,
];

describe('the module oidc', () => {
  it('lets a good session pass, and tells who it is', async () => {
    expect(await ask(GOOD, [session(), ['x-user', 'root']])).toEqual({ goes: 'on', user: 'ada' });
  });

  it('leaves everything else to the sidecar', async () => {
    expect(await ask(GOOD, [])).toMatchObject({ goes: 'to the sidecar' });
    expect(await ask(GOOD, [session({ exp: NOW })])).toMatchObject({ goes: 'to the sidecar' });
    expect(await ask(GOOD, [session()], '/callback?code=1')).toMatchObject({ goes: 'to the sidecar' });
    expect(await ask({ ...GOOD, alwaysSidecar: true }, [session()])).toMatchObject({ goes: 'to the sidecar' });
  });

  it('refuses it behind the sidecar', async () => {
    const behind = { ...GOOD, alwaysSidecar: true, behindSidecar: true };
    expect(await ask(behind, [])).toEqual({ status: 401 });
    expect(await ask(behind, [session({ aud: 'other' })])).toEqual({ status: 401 });
    expect(await ask(behind, [session()])).toMatchObject({ goes: 'on' });
  });

  it.each([
    ['nothing', {}],
    ['no session', { callbackPath: '/callback' }],
    ['sessions of anybody', { session: { ...SESSION, audiences: [] } }],
    ['sessions without keys', { session: { ...SESSION, keys: [] } }],
    ['sessions that are nowhere', { session: { ...SESSION, sources: [] } }],
    ['a field that it does not know', { ...GOOD, failOpen: true }],
    ['no object', []],
  ])('is not configured with %s, and then refuses every request', async (_, config) => {
    expect(await hostOf(config)).toBeUndefined();
  });
});
