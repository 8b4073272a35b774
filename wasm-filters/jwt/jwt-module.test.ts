import { create, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { answerVerifySignature } from '#extproc/sidecar/service.ts';
import { schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import { compileFilter } from '../build.ts';
import { type FilterHost, type FilterResult, type Headers, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { grpcAnswer, messageOf } from '../testing/sidecar-answer.ts';

const NOW = 1_800_000_000;
const CLAIMS = { sub: 'alice', exp: NOW + 600 };
const rs = issuer('RS256');
const eddsa = issuer('EdDSA');

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileFilter('jwt');
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const provider = {
  name: 'main',
  keys: [
    { kid: 'key-1', algorithm: 'JWT_ALGORITHM_RS256', spki: base64(rs.spki) },
    { kid: 'key-1', algorithm: 'JWT_ALGORITHM_EDDSA', spki: base64(eddsa.spki) },
  ],
  claimToHeaders: [{ claim: ['sub'], header: 'X-User' }],
};

async function hostOf(config: unknown): Promise<FilterHost> {
  const host = await loadFilter(wasm, { now: () => NOW * 1000 });
  if (!host.configure(text(config))) throw new Error('the configuration is refused');
  return host;
}

function ask(host: FilterHost, headers: Headers): FilterResult {
  return host.request({ headers: [[':path', '/'], ...headers] });
}

const bearer = (token: string): readonly [string, string] => ['authorization', `Bearer ${token}`];

describe('the module jwt', () => {
  it('lets good tokens pass, with what they claim, and no others', async () => {
    const host = await hostOf({ providers: [provider] });
    const result = ask(host, [bearer(rs.token(CLAIMS)), ['x-user', 'root']]);
    expect(result.kind === 'continue' && result.headers).toContainEqual(['x-user', 'alice']);
    expect(ask(host, [])).toMatchObject({ status: 401, details: 'sluice_jwt_missing' });
    expect(ask(host, [bearer(issuer('ES256').token(CLAIMS))])).toMatchObject({ status: 401 });
  });

  it('asks the sidecar for what Envoy cannot verify, and is 503 without it', async () => {
    const host = await hostOf({ providers: [provider] });
    const paused = ask(host, [bearer(eddsa.token(CLAIMS))]);
    const id = paused.kind === 'paused' ? paused.id : 0;
    for (const call of host.calls()) host.answer(call.token, grpcAnswer(answerVerifySignature(messageOf(call))));
    const result = host.resultOf(id);
    expect(result.kind === 'continue' && result.headers).toContainEqual(['x-user', 'alice']);
    ask(host, [bearer(eddsa.token({ ...CLAIMS, other: 1 }))]);
    for (const { token } of host.calls()) host.answer(token, { kind: 'failure' });
    expect(host.resultOf(id + 1)).toMatchObject({ status: 503 });
  });

  it('takes tokens from where it is told', async () => {
    const sources = [{ header: { name: 'X-Token' } }, { cookie: 'session' }];
    const host = await hostOf({ providers: [{ ...provider, sources }], optional: true });
    expect(ask(host, [['x-token', rs.token(CLAIMS)]])).toMatchObject({ kind: 'continue' });
    expect(ask(host, [['cookie', 'session=a.b.c']])).toMatchObject({ status: 401 });
    expect(ask(host, [bearer('a.b.c')])).toMatchObject({ kind: 'continue' });
  });

  it('takes its configuration as a message, too', async () => {
    const type = schema('sluice.filter.v1.JwtFilter');
    const keys = [{ algorithm: ALGORITHM.RS256, spki: rs.spki }];
    const message = create(type, { jwt: { providers: [{ name: 'main', keys }] } });
    const host = await loadFilter(wasm, { now: () => NOW * 1000 });
    expect(host.configure(toBinary(type, withNeeds(type, message)))).toBe(true);
    expect(ask(host, [bearer(rs.token(CLAIMS, { kid: undefined }))])).toMatchObject({ kind: 'continue' });
  });

  it.each([
    ['nothing', undefined],
    ['no providers', {}],
    ['a provider without keys', { providers: [{ name: 'main' }] }],
    ['a key without an algorithm', { providers: [{ ...provider, keys: [{ spki: 'AAAA' }] }] }],
    ['an algorithm that is none', { providers: [{ ...provider, keys: [{ algorithm: 'ES521', spki: 'AAAA' }] }] }],
    ['a key that is no base64', { providers: [{ ...provider, keys: [{ ...provider.keys[0], spki: '!' }] }] }],
    [
      'a header that is not to be written',
      { providers: [{ ...provider, claimToHeaders: [{ claim: ['a'], header: 'host' }] }] },
    ],
    ['a source that is none', { providers: [{ ...provider, sources: [{}] }] }],
    ['an unknown member', { providers: [provider], optionals: true }],
  ])('refuses a configuration with %s', async (_, config) => {
    const host = await loadFilter(wasm);
    expect(host.configure(config === undefined ? new Uint8Array() : text(config))).toBe(false);
    expect(ask(host, [])).toMatchObject({ status: 503 });
  });

  it('leaves no memory behind', async () => {
    const host = await hostOf({ providers: [provider] });
    const round = (): void => {
      ask(host, [bearer(rs.token(CLAIMS))]);
      ask(host, [bearer('a.b.c')]);
    };
    for (let i = 0; i < 50; i++) round();
    const before = host.memoryBytes();
    for (let i = 0; i < 2_000; i++) round();
    expect(host.memoryBytes()).toBe(before);
  });
});
