import { beforeAll, describe, expect, it } from 'vitest';
import { compilePolicy } from '../build.ts';
import { type FilterHost, type FilterResult, type Headers, loadFilter } from '../testing/filter-host.ts';
import { ALGORITHM, issuer } from '../testing/issuer.ts';
import { encodePolicy, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

const rs = issuer('RS256');
const ALICE = `Bearer ${rs.token({ sub: 'alice' })}`;
/** What stands behind the id of a policy on a route with filters of users. */
const USERS = '+';

let first: FilterHost;
let after: FilterHost;
let recheck: FilterHost;
beforeAll(async () => {
  const wasm = await compilePolicy();
  const load = async (place: string): Promise<FilterHost> => {
    const host = await loadFilter(wasm, { pluginName: `sluice.policy${place}` });
    host.configure(new Uint8Array());
    return host;
  };
  first = await load('');
  after = await load('.after');
  recheck = await load('.recheck');
});

type Plain<T> = Extract<T, { readonly $typeName?: never }>;
type HeadersInit = Plain<NonNullable<PolicyInit['headers']>>;

const jwt: PolicyInit['jwt'] = {
  providers: [
    {
      name: 'main',
      keys: [{ kid: rs.kid, algorithm: ALGORITHM.RS256, spki: rs.spki }],
      sources: [{ source: { case: 'header', value: { name: 'authorization', prefix: 'Bearer ' } } }],
    },
  ],
};
const claim = (...path: string[]) => ({ source: { case: 'claim' as const, value: { path } } });
const SUB = claim('sub');
const OLD = { source: { case: 'header', value: 'x-old' } } as const;
const USER = { name: 'x-user', from: [SUB] };

/** Sets a user from a claim, and gives a header another name. */
const renaming: HeadersInit = {
  digest: 'renaming',
  request: {
    set: [USER, { name: 'x-new', from: [OLD] }],
    add: [{ name: 'x-seen', value: 'yes' }],
    remove: ['x-old'],
  },
  ahead: [USER],
};

function send(
  host: FilterHost,
  headers: HeadersInit,
  sent: Headers,
  mark = '',
  state: readonly [string, string][] = [],
) {
  const properties = onRoute(encodePolicy({ jwt, headers }), 'route', mark);
  const filterState = new Map(state);
  return host.request({ headers: [[':path', '/'], ...sent], properties, filterState });
}

function own(result: FilterResult): readonly string[] {
  if (result.kind !== 'continue') throw new Error(result.kind);
  return result.headers.filter(([name]) => name.startsWith('x')).map(([name, value]) => `${name}: ${value}`);
}

const sent: Headers = [
  ['authorization', ALICE],
  ['x-user', 'mallory'],
  ['x_user', 'mallory'],
  ['x-user', 'more'],
  ['x-old', 'old'],
  ['x-new', 'forged'],
];

describe('a policy', () => {
  it('changes headers, and lets nothing stand under the names that it sets', () => {
    expect(own(send(first, renaming, sent))).toEqual(['x-user: alice', 'x-new: old', 'x-seen: yes']);
  });

  it('without a value for a header removes it', () => {
    const noToken: HeadersInit = { request: { set: [{ name: 'x-user', from: [claim('none', 'here')] }] } };
    expect(own(send(first, noToken, sent))).toEqual(['x-old: old', 'x-new: forged']);
  });

  it('keeps what the response takes, also of who is refused, and nothing of another request', () => {
    const keeping: HeadersInit = {
      response: [
        { name: 'slot.who', from: [SUB] },
        { name: 'slot.old', from: [OLD] },
      ],
    };
    send(first, keeping, sent);
    expect(Object.fromEntries(first.filterState())).toEqual({ 'slot.who': 'alice', 'slot.old': 'old' });
    expect(send(first, keeping, [['x-old', 'old']])).toMatchObject({ status: 401 });
    expect(Object.fromEntries(first.filterState())).toEqual({ 'slot.who': '', 'slot.old': 'old' });
  });

  it('keeps nothing of another policy that was evaluated before', () => {
    send(first, { response: [{ name: 'slot.old', from: [OLD] }] }, [['authorization', ALICE]], '', [
      ['slot.old', 'left'],
    ]);
    expect(first.filterState().get('slot.old')).toBe('');
  });
});

describe('with filters of users between two places of a policy', () => {
  it('they see what does not hang on other changes, and all is done once behind them', () => {
    const seen = send(first, renaming, sent, USERS);
    expect(own(seen)).toEqual(['x-old: old', 'x-new: forged', 'x-user: alice']);
    if (seen.kind !== 'continue') throw new Error(seen.kind);
    const [, ...rest] = seen.headers;
    expect(own(send(after, renaming, rest, USERS))).toEqual(['x-user: alice', 'x-new: old', 'x-seen: yes']);
  });

  it('what they write under its names is replaced, whatever they say has been done', () => {
    const forged: Headers = [...sent, ['x-user', 'root'], ['x_user', 'root']];
    const result = send(after, renaming, forged, USERS, [['sluice.rewritten', 'renaming']]);
    expect(own(result)).toEqual(['x-user: alice', 'x-new: old', 'x-seen: yes']);
  });

  it('no policy leaves to a recheck what they say has been done', () => {
    const properties = onRoute(encodePolicy({ jwt }), 'route', USERS);
    const filterState = new Map([['sluice.rewritten', 'renaming']]);
    after.request({ headers: [[':path', '/'], ...sent], properties, filterState });
    expect(after.filterState().get('sluice.rewritten')).toBe('');
  });
});

describe('a recheck', () => {
  it('changes nothing of a request that was rewritten by the same policy', () => {
    const rewritten: Headers = [
      ['authorization', ALICE],
      ['x-user', 'alice'],
      ['x-new', 'old'],
    ];
    const result = send(recheck, renaming, rewritten, '', [['sluice.rewritten', 'renaming']]);
    expect(own(result)).toEqual(['x-user: alice', 'x-new: old']);
  });

  it('refuses a request that was not, or by another policy', () => {
    for (const state of [[], [['sluice.rewritten', 'other'] as const]]) {
      const result = recheck.request({
        headers: [[':path', '/'], ...sent],
        properties: onRoute(encodePolicy({ jwt, headers: renaming })),
        filterState: new Map(state),
      });
      expect(result).toMatchObject({ status: 503 });
    }
  });
});
