import { beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '../build.ts';
import { type FilterHost, type FilterResult, type Headers, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { type EncodedPolicy, encodePolicy, onRoute } from '../testing/policy-bytes.ts';

const rs = issuer('RS256');
const HEADERS: Headers = [
  [':path', '/'],
  ['authorization', `Bearer ${rs.token({ sub: 'alice', mail: 'a@b' })}`],
];

let first: FilterHost;
let recheck: FilterHost;
beforeAll(async () => {
  const wasm = await compilePolicy();
  first = await loadFilter(wasm, { pluginName: 'sluice.policy' });
  recheck = await loadFilter(wasm, { pluginName: 'sluice.policy.recheck' });
  for (const host of [first, recheck]) host.configure(new Uint8Array());
});

/** A policy that asks for a token and writes claims into headers. */
function writing(...headers: readonly (readonly [claim: string, header: string])[]): EncodedPolicy {
  return encodePolicy({
    jwt: {
      providers: [
        {
          name: 'main',
          keys: [{ kid: rs.kid, algorithm: ALGORITHM.RS256, spki: rs.spki }],
          sources: [{ source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } }],
          claimToHeaders: headers.map(([claim, header]) => ({ claim: [claim], header })),
        },
      ],
    },
  });
}

/** Sends a request through both instances, on a route for those with the header `x-user` and one for all others. */
function send(withUser: EncodedPolicy | undefined, others: EncodedPolicy): FilterResult {
  const properties: ReturnType<typeof onRoute> = (path, headers) =>
    onRoute(headers.some(([name]) => name === 'x-user') ? withUser : others)(path, headers);
  const result = first.request({ headers: HEADERS, properties });
  return result.kind === 'continue' ? recheck.request({ headers: result.headers, properties }) : result;
}

describe('a request that a written header leads to another route', () => {
  const user = writing(['sub', 'x-user']);

  it('is judged by that route, too', () => {
    expect(send(encodePolicy({ authorization: {} }), user)).toMatchObject({ kind: 'response', status: 403 });
    expect(send(encodePolicy({ source: 'open' }), user)).toMatchObject({ kind: 'continue' });
  });

  it('passes where that route has the same policy, with the headers as the first look left them', () => {
    const result = send(user, user);
    expect(result).toMatchObject({ kind: 'continue' });
    expect(result.kind === 'continue' && result.headers).toContainEqual(['x-user', 'alice']);
  });

  it('passes where that route has no policy', () => {
    expect(send(undefined, user)).toMatchObject({ kind: 'continue' });
  });

  it('is refused where that route writes more headers: they might lead it further', () => {
    expect(send(writing(['sub', 'x-user'], ['mail', 'x-mail']), user)).toMatchObject({ status: 503 });
  });
});

describe('a request that no header leads elsewhere', () => {
  it('passes the second look with headers from several claims, and without some', () => {
    const policy = writing(['sub', 'x-name'], ['mail', 'x-name'], ['missing', 'x-missing'], ['sub', 'x-sub']);
    const result = send(policy, policy);
    expect(result.kind === 'continue' && Object.fromEntries(result.headers)).toMatchObject({
      'x-name': 'a@b',
      'x-sub': 'alice',
    });
  });

  it('is refused by a first look on a route without policy', () => {
    expect(first.request({ headers: HEADERS, properties: onRoute(undefined) })).toMatchObject({ status: 503 });
  });
});
