import { create, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { enumMembers, schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import { compileFilter } from '../build.ts';
import { type FilterHost, type Headers, loadFilter } from '../testing/filter-host.ts';

const { ALLOW } = enumMembers('sluice.filter.v1.AuthorizationAction');

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileFilter('authorization');
});

const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const allow = { action: 'AUTHORIZATION_ACTION_ALLOW' };

async function hostOf(config: unknown): Promise<FilterHost> {
  const host = await loadFilter(wasm);
  if (!host.configure(text(config))) throw new Error('the configuration is refused');
  return host;
}

function ask(host: FilterHost, headers: Headers): number | 'passes' {
  const result = host.request({
    headers: [[':method', 'GET'], [':path', '/a'], [':authority', 'shop.example'], ...headers],
    properties: (name) => (name.join('.') === 'source.address' ? '10.1.2.3:80' : undefined),
  });
  if (result.kind === 'continue') return 'passes';
  return result.kind === 'response' ? result.status : 0;
}

describe('the module authorization', () => {
  it.each([
    ['a header', { headers: [{ name: 'X-Role', values: ['admin'] }] }, 'passes'],
    ['another header', { headers: [{ name: 'X-Role', values: ['root'] }] }, 403],
    ['the host', { headers: [{ name: 'Host', values: ['shop.example'] }] }, 'passes'],
    ['a method and a path', { methods: ['GET'], path: { prefix: '/a' } }, 'passes'],
    ['another path', { path: { exact: '/a', invert: true } }, 403],
    ['an address', { clients: [{ network: 'CgAAAA==', prefixLength: 8 }] }, 'passes'],
    ['another address', { clients: [{ network: 'CwAAAA', prefixLength: '8' }] }, 403],
    ['a token, which it knows nothing of', { jwt: { provider: '' } }, 403],
  ] as const)('allows by %s', async (_, rule, expected) => {
    const host = await hostOf({ rules: [{ ...allow, ...rule }] });
    expect(ask(host, [['x-role', 'admin']])).toBe(expected);
  });

  it('takes its configuration as a message, too', async () => {
    const type = schema('sluice.filter.v1.AuthorizationFilter');
    const message = create(type, { authorization: { defaultAction: ALLOW } });
    const host = await loadFilter(wasm);
    expect(host.configure(toBinary(type, withNeeds(type, message)))).toBe(true);
    expect(ask(host, [])).toBe('passes');
  });

  it.each([
    ['nothing', undefined],
    ['an unknown member', { rule: [] }],
    ['an action that is none', { defaultAction: 'ALLOW' }],
    ['a path that is compared with nothing', { rules: [{ path: {} }] }],
    ['a block of no family', { rules: [{ clients: [{ network: 'Cg==', prefixLength: 8 }] }] }],
    ['a prefix that is no number', { rules: [{ clients: [{ network: 'CgAAAA==', prefixLength: 'x' }] }] }],
    ['a number that is not whole', { rules: [{ clients: [{ network: 'CgAAAA==', prefixLength: 8.5 }] }] }],
    ['a header without a name', { rules: [{ headers: [{ values: ['a'] }] }] }],
  ])('refuses a configuration with %s, and every request without one', async (_, config) => {
    const host = await loadFilter(wasm);
    expect(host.configure(config === undefined ? new Uint8Array() : text(config))).toBe(false);
    expect(ask(host, [])).toBe(403);
  });
});
