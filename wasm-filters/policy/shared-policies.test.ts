import { create, toBinary } from '@bufbuild/protobuf';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { enumMembers, schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { encodePolicy, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

const { ALLOW, DENY } = enumMembers('sluice.filter.v1.AuthorizationAction');
const allow = { authorization: { defaultAction: ALLOW } } satisfies PolicyInit;
const deny = { authorization: { defaultAction: DENY } } satisfies PolicyInit;

let wasm: Uint8Array;
let host: FilterHost;
beforeAll(async () => {
  wasm = await compilePolicy();
});
beforeEach(async () => {
  host = await loadFilter(wasm);
});

/** An id as the controller makes it. */
function id(name: string | number): string {
  return `@${Buffer.from(String(name)).toString('hex').padStart(31, '0')}`;
}

type Shared = readonly (readonly [id: string, policy: PolicyInit | Uint8Array])[];

function configuration(shared: Shared, more: object = {}): Uint8Array {
  const type = schema('sluice.filter.v1.PolicyFilter');
  const policies = shared.map(([name, policy]) => ({
    id: name,
    policy: new Uint8Array(policy instanceof Uint8Array ? policy : encodePolicy(policy).bytes),
  }));
  return toBinary(type, create(type, { ...withNeeds(type, create(type, { shared: policies })), ...more }));
}

/** The status that a request gets on a route that names a policy; 200 when it goes on. */
function ask(name: string): number {
  const properties = onRoute({ id: name, bytes: new Uint8Array() });
  const result = host.request({ headers: [[':method', 'GET']], properties });
  return result.kind === 'response' ? result.status : 200;
}

describe('a policy that routes share', () => {
  it('decides on every route that names it, without bytes there', () => {
    expect(
      host.configure(
        configuration([
          [id('a'), allow],
          [id('b'), deny],
        ]),
      ),
    ).toBe(true);
    expect([ask(id('a')), ask(id('b')), ask(id('a'))]).toEqual([200, 403, 200]);
  });

  it('is 503 where it is not known: before it comes, after it went, and among others', () => {
    expect(ask(id('a'))).toBe(503);
    host.configure(new Uint8Array());
    expect(ask(id('a'))).toBe(503);
    host.configure(configuration([[id('a'), allow]]));
    expect([ask(id('a')), ask(id('b'))]).toEqual([200, 503]);
    host.configure(new Uint8Array());
    expect(ask(id('a'))).toBe(503);
  });

  it('changes with the configuration, and no route has to', () => {
    for (const policy of [allow, deny, allow]) {
      expect(host.configure(configuration([[id('a'), policy]]))).toBe(true);
      expect(ask(id('a'))).toBe(policy === allow ? 200 : 403);
    }
  });

  it('is found among many', () => {
    const all = Array.from({ length: 500 }, (_, index) => [id(index), index % 2 === 0 ? allow : deny] as const);
    expect(host.configure(configuration(all))).toBe(true);
    expect(all.map(([name]) => ask(name))).toEqual(all.map((_, index) => (index % 2 === 0 ? 200 : 403)));
    expect(ask(id(500))).toBe(503);
  });

  it('that cannot be read is 503, and takes no other with it', () => {
    const unreadable = new Uint8Array([255, 255]);
    const type = schema('sluice.filter.v1.Policy');
    const tooNew = toBinary(type, create(type, { ...create(type, allow), needs: 4_000_000 }));
    expect(
      host.configure(
        configuration([
          [id('a'), unreadable],
          [id('b'), tooNew],
          [id('c'), allow],
        ]),
      ),
    ).toBe(true);
    expect([ask(id('a')), ask(id('b')), ask(id('c'))]).toEqual([503, 503, 200]);
  });

  it.each<readonly [why: string, configuration: Uint8Array]>([
    ['is no message', new Uint8Array([255])],
    ['needs a later revision of the filter', configuration([[id('a'), deny]], { needs: 4_000_000 })],
    ['has an id of another length', configuration([['@short', deny]])],
    ['has an id of a policy that is not shared', configuration([['0'.repeat(32), deny]])],
  ])('of a configuration that %s is refused, and what was known stays', (_, bad) => {
    host.configure(configuration([[id('a'), allow]]));
    expect(host.configure(bad)).toBe(false);
    expect(ask(id('a'))).toBe(200);
  });

  it('never comes from the route, whatever its bytes are', () => {
    const { bytes } = encodePolicy(allow);
    const result = host.request({ headers: [[':method', 'GET']], properties: onRoute({ id: id('a'), bytes }) });
    expect(result).toMatchObject({ kind: 'response', status: 503 });
  });

  it('leaves no memory behind after thousands of versions', () => {
    const version = (index: number) => ({ source: `version ${index} ${'x'.repeat(2000)}`, ...deny });
    const round = (from: number) => {
      for (let i = from; i < from + 500; i++) {
        host.configure(
          configuration([
            [id('a'), version(i)],
            [id('b'), version(-i)],
          ]),
        );
        ask(id('a'));
      }
    };
    round(0);
    const before = host.memoryBytes();
    round(500);
    round(1000);
    expect(host.memoryBytes()).toBe(before);
  });
});
