import { beforeAll, describe, expect, it } from 'vitest';
import { enumMembers } from '#proto/load.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, type Headers, loadFilter } from '../testing/filter-host.ts';
import { encodePolicy, type EncodedPolicy, identified, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

const { ALLOW, DENY } = enumMembers('sluice.filter.v1.AuthorizationAction');

type Plain<T> = Extract<T, { readonly $typeName?: never }>;
type Authorization = NonNullable<Plain<PolicyInit>['authorization']>;
type Rule = Plain<NonNullable<Plain<Authorization>['rules']>[number]>;

let host: FilterHost;
beforeAll(async () => {
  host = await loadFilter(await compilePolicy());
  host.configure(new Uint8Array());
});

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Headers;
  /** As Envoy gives it: address and port. */
  readonly client?: string;
}

/** The status of an answer, or "passes". */
function ask(authorization: Authorization, request: Request = {}): number | 'passes' {
  const { method = 'GET', path = '/', headers = [], client = '10.1.2.3:4000' } = request;
  const route = onRoute(encodePolicy({ authorization }));
  const result = host.request({
    headers: [[':method', method], [':path', path], [':authority', 'shop.example'], ...headers],
    properties: (name, received) => (name.join('.') === 'source.address' ? client : route(name, received)),
  });
  if (result.kind === 'continue') return 'passes';
  if (result.kind === 'response') return result.status;
  throw new Error(result.kind);
}

const allowing = (rule: Rule): Authorization => ({ defaultAction: DENY, rules: [{ action: ALLOW, ...rule }] });
const denying = (rule: Rule): Authorization => ({ defaultAction: ALLOW, rules: [{ action: DENY, ...rule }] });

describe('rules', () => {
  it('are taken in order: the first that matches decides', () => {
    const rules = [
      { action: DENY, methods: ['DELETE'] },
      { action: ALLOW, methods: ['GET', 'DELETE'] },
    ];
    expect(ask({ defaultAction: DENY, rules })).toBe('passes');
    expect(ask({ defaultAction: DENY, rules }, { method: 'DELETE' })).toBe(403);
    expect(ask({ defaultAction: DENY, rules }, { method: 'PUT' })).toBe(403);
  });

  it('that none matches leave it to the default, which denies when there is none', () => {
    expect(ask({ defaultAction: ALLOW })).toBe('passes');
    expect(ask({})).toBe(403);
  });

  it('match when everything in them does', () => {
    const all = allowing({ methods: ['GET'], headers: [{ name: 'x-a', values: ['1'] }] });
    expect(ask(all, { headers: [['x-a', '1']] })).toBe('passes');
    expect(ask(all, { headers: [['x-a', '1']], method: 'PUT' })).toBe(403);
    expect(ask(all)).toBe(403);
  });

  it('without an action deny', () => {
    expect(ask({ defaultAction: ALLOW, rules: [{}] })).toBe(403);
  });

  it.each([
    ['of one value', (index: number) => [`role-${index}`]],
    ['of two', (index: number) => [`other-${index}`, `role-${index}`]],
  ])('can be a thousand %s', (_, valuesOf) => {
    const rules = Array.from({ length: 1000 }, (__, index) => ({
      action: ALLOW,
      headers: [{ name: 'x-role', values: valuesOf(index) }],
    }));
    expect(ask({ rules }, { headers: [['x-role', 'role-999']] })).toBe('passes');
    expect(ask({ rules }, { headers: [['x-role', 'role-1000']] })).toBe(403);
    expect(
      ask(
        { rules },
        {
          headers: [
            ['x-role', 'role-7'],
            ['x-role', 'role-7'],
          ],
        },
      ),
    ).toBe('passes');
    expect(
      ask(
        { rules },
        {
          headers: [
            ['x-role', 'role-7'],
            ['x-role', 'role-8'],
          ],
        },
      ),
    ).toBe(403);
    expect(ask({ rules })).toBe(403);
  });
});

describe('policies of 1 MB', () => {
  const rules = Array.from({ length: 20_000 }, (_, index) => ({
    action: index % 2 === 0 ? ALLOW : DENY,
    name: `a rule with a name of some length, number ${index}`,
    headers: [{ name: 'x-role', values: [`role-${index}`] }],
  }));
  const { bytes } = encodePolicy({ authorization: { rules } });
  /** The same policy under another id: `source` of it is another. */
  const version = (number: number) =>
    identified(Buffer.concat([bytes, Buffer.from([0x12, 2, 97 + (number >> 4), 97 + (number & 15)])]));
  const status = (policy: EncodedPolicy, role: string): number => {
    const result = host.request({
      headers: [
        [':path', '/'],
        ['x-role', role],
      ],
      properties: onRoute(policy),
    });
    return result.kind === 'response' ? result.status : 200;
  };

  it('decide like any other, and are forgotten like any other', () => {
    expect(bytes.byteLength).toBeGreaterThan(1_048_576);
    for (let number = 0; number < 24; number++) {
      const policy = version(number);
      expect([status(policy, 'role-19998'), status(policy, 'role-19999'), status(policy, 'x')]).toEqual([
        200, 403, 403,
      ]);
    }
    // 16 MiB of them are kept, and what they were compiled to.
    expect(host.memoryBytes()).toBeLessThan(160 * 1_048_576);
  });
});

describe('headers', () => {
  const roles = [{ name: 'x-role', values: ['admin', 'root'] }];
  const sends = (...values: readonly string[]): Request => ({ headers: values.map((value) => ['x-role', value]) });

  it.each([
    ['one of the values', ['admin'], 'passes', 403],
    ['the other', ['root'], 'passes', 403],
    ['none of them', ['guest'], 403, 'passes'],
    ['a part of one', ['admi'], 403, 'passes'],
    ['another case', ['Admin'], 403, 'passes'],
    ['nothing', [''], 403, 'passes'],
    ['no header', [], 403, 'passes'],
    ['two that are both among them', ['admin', 'root'], 'passes', 403],
    ['a second that is not', ['admin', 'guest'], 403, 403],
    ['a first that is not', ['guest', 'admin'], 403, 403],
    ['a list with one in it', ['guest, admin'], 403, 403],
    ['a list with one in it, without spaces', ['admin,guest'], 403, 403],
    ['a list in one of two', ['guest', 'x,\troot ,y'], 403, 403],
    ['a list without any', ['guest, adminx'], 403, 'passes'],
  ] as const)('with %s: a rule that allows, and one that denies', (_, values, allowed, denied) => {
    expect(ask(allowing({ headers: roles }), sends(...values))).toBe(allowed);
    expect(ask(denying({ headers: roles }), sends(...values))).toBe(denied);
  });

  it('of one request are not those of the next', () => {
    expect(ask(allowing({ headers: roles }), sends('admin'))).toBe('passes');
    expect(ask(allowing({ headers: roles }))).toBe(403);
  });

  it('may have an empty value among theirs', () => {
    const empty = allowing({ headers: [{ name: 'x-role', values: [''] }] });
    expect(ask(empty, sends(''))).toBe('passes');
    expect(ask(empty)).toBe(403);
  });
});

describe('methods', () => {
  it.each([
    ['GET', 'passes'],
    ['PUT', 'passes'],
    ['POST', 403],
    ['get', 403],
    ['GETX', 403],
  ] as const)('%s', (method, expected) => {
    expect(ask(allowing({ methods: ['GET', 'PUT'] }), { method })).toBe(expected);
  });
});

describe('paths', () => {
  const exact = { kind: { case: 'exact', value: '/a/b' } } as const;
  const prefix = { kind: { case: 'prefix', value: '/a' } } as const;

  it.each([
    ['exact', exact, ['/a/b', '/a/b?c=d', '/a/b?'], ['/a/b/', '/a', '/a/bc', '/']],
    ['a prefix', prefix, ['/a', '/a/', '/a/b', '/a?b'], ['/ab', '/', '/b/a', '']],
    ['the empty prefix', { kind: { case: 'prefix', value: '' } } as const, ['/', '/a', '*'], []],
    ['not exact', { ...exact, invert: true }, ['/a', '/a/bc'], ['/a/b', '/a/b?x']],
  ])('%s', (_, path, matching, others) => {
    for (const one of matching) expect(ask(allowing({ path }), { path: one }), one).toBe('passes');
    for (const one of others) expect(ask(allowing({ path }), { path: one }), one).toBe(403);
  });

  it('compared with nothing make a policy that is not understood', () => {
    expect(ask(allowing({ path: {} }))).toBe(503);
  });
});

describe('clients', () => {
  const block = (network: readonly number[], prefixLength: number): Rule => ({
    clients: [{ network: Uint8Array.from(network), prefixLength }],
  });
  const fd = [0xfd, ...Array.from({ length: 15 }, () => 0)];
  const none = Array.from({ length: 16 }, () => 0);
  const one = [...none.slice(1), 1];

  it.each([
    ['10.0.0.0/8', block([10, 0, 0, 0], 8), ['10.1.2.3:80', '10.255.255.255:1'], ['11.0.0.0:80', '[::a01:203]:80']],
    ['10.1.2.3/32', block([10, 1, 2, 3], 32), ['10.1.2.3:80', '[::ffff:10.1.2.3]:80'], ['10.1.2.2:80', '10.1.2.30:80']],
    ['0.0.0.0/0', block([0, 0, 0, 0], 0), ['0.0.0.0:1', '255.255.255.255:1', '[::ffff:1:2]:1'], ['[::1]:80']],
    ['128.0.0.0/1', block([128, 0, 0, 0], 1), ['128.0.0.0:1'], ['127.255.255.255:1']],
    [
      'fd00::/8',
      block(fd, 8),
      ['[fd00::1]:80', '[fdff:1:2:3:4:5:6:7]:1', '[FD00::]:1'],
      ['[fe80::1]:80', '253.0.0.0:1'],
    ],
    ['::1/128', block(one, 128), ['[::1]:80', '[0:0:0:0:0:0:0:1]:80', '[0::0:1]:1'], ['[::2]:80', '[1::1]:80']],
    ['::/0', block(none, 0), ['[::]:1', '[ffff::]:1'], ['1.2.3.4:80', '[::ffff:1.2.3.4]:1']],
  ])('%s', (_, rule, inside, outside) => {
    for (const client of inside) expect(ask(allowing(rule), { client }), client).toBe('passes');
    for (const client of outside) expect(ask(allowing(rule), { client }), client).toBe(403);
  });

  it.each([
    '',
    ':',
    '10.1.2.3',
    '10.1.2:80',
    '10.1.2.3.4:80',
    '10.1.2.256:80',
    '10.1.2.:80',
    '10..2.3:80',
    '010.1.2.3x:80',
    '[::1:80',
    '::1]:80',
    '[:1]:80',
    '[1:]:80',
    '[1::2::3]:80',
    '[:::]:80',
    '[1:2:3:4:5:6:7]:80',
    '[1:2:3:4:5:6:7:8:9]:80',
    '[1:2:3:4:5:6:7::8]:80',
    '[12345::]:80',
    '[g::]:80',
    '[fe80::1%eth0]:80',
    '[::1.2.3]:80',
    '[1.2.3.4::]:80',
    '/var/run/x.sock',
    '@internal',
  ])('whose address is %j are denied where they would be, and not allowed', (client) => {
    const rule = {
      clients: [
        { network: Uint8Array.from([0, 0, 0, 0]), prefixLength: 0 },
        { network: Uint8Array.from(none), prefixLength: 0 },
      ],
    };
    expect(ask(allowing(rule), { client })).toBe(403);
    expect(ask(denying(rule), { client })).toBe(403);
  });

  it.each([
    ['of no family', block([1, 2, 3], 8)],
    ['with a prefix that is too long', block([1, 2, 3, 4], 33)],
  ])('in a block %s make a policy that is not understood', (_, rule) => {
    expect(ask(denying(rule))).toBe(503);
  });
});
