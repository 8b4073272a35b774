import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registry, schema } from '#proto/load.ts';
import type { PatchOperationIr, PatchValue } from '../../ir/patch.ts';
import { applyToJson } from './apply.ts';

const ROUTES = schema('envoy.config.route.v3.RouteConfiguration');
const SECRET = schema('envoy.extensions.transport_sockets.tls.v3.Secret');

const before: JsonObject = {
  name: 'r',
  virtual_hosts: [
    { name: 'a', domains: ['a'] },
    { name: 'b', domains: ['b'] },
    { name: 'c', domains: ['c', 'cc'] },
  ],
};

type Step = PatchOperationIr extends infer O ? (O extends unknown ? Omit<O, 'index'> : never) : never;

function patch(...steps: readonly Step[]): unknown {
  const operations = steps.map((step, index): PatchOperationIr => ({ ...step, index }));
  const result = applyToJson(before, ROUTES, { policy: 'n/p', type: 'route', name: 'r', operations });
  if (!result.ok) return result.refusal.message;
  return toJson(ROUTES, fromBinary(ROUTES, result.value), { registry: registry(), useProtoFieldName: true });
}

const at = (path: string, jsonPath?: string) => ({ path, jsonPath });

function hosts(patched: unknown): unknown {
  if (typeof patched !== 'object' || patched === null || !('virtual_hosts' in patched)) return patched;
  const list: unknown = patched.virtual_hosts;
  return Array.isArray(list) ? list.map((host: JsonObject) => host['name']) : [];
}

describe('a patch', () => {
  it('leaves what it is given as it was', () => {
    const copy = structuredClone(before);
    expect(hosts(patch({ op: 'remove', at: at('/virtual_hosts/0') }))).toEqual(['b', 'c']);
    expect(before).toEqual(copy);
  });

  it('removes every place that a query selects, not their neighbours', () => {
    expect(hosts(patch({ op: 'remove', at: at('', "$.virtual_hosts[?@.name != 'b']") }))).toEqual(['b']);
  });

  it('takes a query without the $ it begins with', () => {
    expect(hosts(patch({ op: 'remove', at: at('', ".virtual_hosts[?match(@.name, '[ab]')]") }))).toEqual(['c']);
    expect(hosts(patch({ op: 'remove', at: at('', "..virtual_hosts[?@.name=='c']") }))).toEqual(['a', 'b']);
  });

  it('changes a place once that a query selects twice', () => {
    expect(hosts(patch({ op: 'remove', at: at('', '$.virtual_hosts[0, 0]') }))).toEqual(['b', 'c']);
  });

  it('refuses a query that is none, and one that selects nothing', () => {
    expect(patch({ op: 'remove', at: at('', '$[') })).toMatch(
      /spec\.jsonPatches\[0\]\.operation\.jsonPath: found "\$\["/u,
    );
    expect(patch({ op: 'remove', at: at('', '$.nothing') })).toMatch(/selects nothing/u);
  });

  it('refuses to remove, replace or test what is not there', () => {
    expect(patch({ op: 'remove', at: at('/vhds') })).toMatch(/operation\.path: found "\/vhds", but nothing is at/u);
    expect(patch({ op: 'replace', at: at('/vhds'), value: {} })).toMatch(/nothing is at/u);
    expect(patch({ op: 'test', at: at('/vhds'), value: {} })).toMatch(/nothing is at/u);
  });

  it('goes no further than a test that fails, and does not say what it found', () => {
    const result = patch(
      { op: 'test', at: at('/virtual_hosts/2/domains'), value: ['c'] },
      { op: 'remove', at: at('/virtual_hosts/2') },
    );
    expect(result).toMatch(/spec\.jsonPatches\[0\]\.operation\.value: what is at/u);
    expect(result).not.toMatch(/cc/u);
    expect(hosts(patch({ op: 'test', at: at('/virtual_hosts/2/domains'), value: ['c', 'cc'] }))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('moves and copies within the resource, never into what is moved', () => {
    expect(hosts(patch({ op: 'move', from: '/virtual_hosts/0', at: at('/virtual_hosts/-') }))).toEqual(['b', 'c', 'a']);
    expect(hosts(patch({ op: 'copy', from: '/virtual_hosts/0', at: at('/virtual_hosts/1') }))).toEqual([
      'a',
      'a',
      'b',
      'c',
    ]);
    expect(patch({ op: 'move', from: '/virtual_hosts/0', at: at('/virtual_hosts/0/routes') })).toMatch(
      /inside what is moved/u,
    );
    expect(patch({ op: 'copy', from: '/virtual_hosts/7', at: at('/virtual_hosts/0') })).toMatch(/operation\.from: /u);
  });

  it('names the operation after which the resource is none any more', () => {
    expect(
      patch(
        { op: 'add', at: at('/virtual_hosts/0/domains/-'), value: 'd' },
        { op: 'replace', at: at('/virtual_hosts/0/domains/0'), value: 7 },
        { op: 'add', at: at('/virtual_hosts/0/domains/-'), value: 'e' },
      ),
    ).toMatch(
      /^spec\.jsonPatches\[1\]\.operation: the result is no envoy\.config\.route\.v3\.RouteConfiguration: .*domains/u,
    );
  });

  it('refuses a message of a type that Envoy does not have', () => {
    const value = { x: { '@type': 'type.googleapis.com/no.Such' } };
    expect(patch({ op: 'add', at: at('/typed_per_filter_config'), value })).toMatch(/no\.Such/u);
  });

  it('lets no resource change the name by which others refer to it', () => {
    expect(patch({ op: 'replace', at: at('/name'), value: 's' })).toMatch(
      /found "s" as the result's name, accepted is "r"/u,
    );
  });
});

describe('the queries of a patch', () => {
  /** Queries within each other, each of everything. */
  const nested = (deep: number): string => (deep === 0 ? '$..*' : `$..[?count(${nested(deep - 1)}) > 0]`);
  const removed = (jsonPath: string): unknown => hosts(patch({ op: 'remove', at: at('', jsonPath) }));

  it.each([
    ["$.virtual_hosts[?search(@.name, '[ab]')]", ['c']],
    ["$.virtual_hosts[?search(@.name, '^(a|b)$')]", ['c']],
    ["$.virtual_hosts[?search(@.domains[1], 'c')]", ['a', 'b']],
    ["$.virtual_hosts[?match(@.domains[1], 'c')]", expect.stringContaining('selects nothing')],
    ["$.virtual_hosts[?match(@.domains[1], '(c)+')]", ['a', 'b']],
    ["$.virtual_hosts[?!match(@.nothing, '.*')]", { name: 'r' }],
    ["$.virtual_hosts[?search(@.name, '^$|\\\\d')]", expect.stringContaining('selects nothing')],
  ])('%s leaves %j', (query, left) => {
    expect(removed(query)).toEqual(left);
  });

  it.each([
    ["$..[?search(@.name, '^([a-z.]+)+!$')]", /selects nothing/u],
    ["$..[?match(@.name, '(a|a)*!')]", /selects nothing/u],
    ["$..[?search(@.name, '(a')]", /found ".*", accepted is a query of RFC 9535: the regular expression "\(a": /u],
    ["$..[?search(@.name, 'a)(b')]", /closes nothing/u],
    ["$..[?search(@.name, '(?=a)')]", /the regular expression/u],
    ["$..[?search(@.name, '.*a.{15}b')]", /too complex/u],
    [nested(5), /jsonPath: found "\$\.\.\[.*: the patch reads and writes more than \d+ values/u],
    [`$[${'0,'.repeat(4096)}0]`, /accepted are up to 4096 characters/u],
  ])('%s ends', (query, words) => {
    expect(removed(query)).toMatch(words);
  });

  it('and its operations read and write no more together', () => {
    const doubling: Step = { op: 'copy', from: '/virtual_hosts/0', at: at('/virtual_hosts/0/routes') };
    const copies: Step[] = Array.from({ length: 60 }, () => ({
      op: 'copy',
      from: '/virtual_hosts',
      at: at('/virtual_hosts/-'),
    }));
    expect(patch(doubling, ...copies)).toMatch(/operation: the patch reads and writes more than \d+ values/u);
    const many = Array.from({ length: 40 }, (): Step => ({ op: 'test', at: at('', '$'), value: before }));
    expect(hosts(patch(...many))).toEqual(['a', 'b', 'c']);
    const reading = Array.from({ length: 400 }, (): Step => ({
      op: 'test',
      at: at('/name', '$[?count($..*..*..*..*) < 0]'),
      value: 1,
    }));
    expect(patch(...reading)).toMatch(/selects nothing/u);
  });
});

describe('whatever is written in a patch', () => {
  const token = fc.constantFrom('virtual_hosts', 'domains', 'name', 'routes', '0', '1', '3', '-', '', '__proto__', 'x');
  const pointer = fc
    .array(token, { minLength: 1, maxLength: 4 })
    .map((tokens) => tokens.map((one) => `/${one}`).join(''));
  const query = fc.option(fc.constantFrom('$..*', '..domains', '$', '$.virtual_hosts[*]', '$[', '$..name'), {
    nil: undefined,
  });
  const place = fc.record({ path: fc.oneof(pointer, fc.constant('')), jsonPath: query });
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }).map((json): unknown => json),
    fc.constantFrom<unknown>({ name: 'n', domains: ['n'] }, ['d'], 'd', { '@type': 'x' }),
  );
  const isValue = (json: unknown): json is PatchValue => json !== undefined;
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ op: fc.constantFrom('add', 'replace', 'test'), at: place, value: value.filter(isValue) }),
    fc.record({ op: fc.constant('remove'), at: place }),
    fc.record({ op: fc.constantFrom('move', 'copy'), at: place, from: pointer }),
    fc.record({ op: fc.constant('whole'), value: value.filter(isValue) }),
  );

  it('gives a resource that can be decoded, or words that name the patch', () => {
    const outcomes = { patched: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), (steps) => {
        const result = patch(...steps);
        outcomes[typeof result === 'string' ? 'refused' : 'patched'] += 1;
        return typeof result !== 'string' || /^spec\.jsonPatches\[\d\]/u.test(result);
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(outcomes.patched, outcomes.refused)).toBeGreaterThan(0);
  });
});

describe('a patch of a Secret that is refused', () => {
  it('says nothing of what is in it', () => {
    const secret = { name: 's', tls_certificate: { private_key: { inline_string: 'PRIVATE' } } };
    const steps: readonly Step[] = [
      { op: 'test', at: at('/tls_certificate/private_key/inline_string'), value: 'x' },
      { op: 'copy', from: '/tls_certificate/private_key/inline_string', at: at('/session_ticket_keys') },
      { op: 'copy', from: '/tls_certificate/private_key/inline_string', at: at('/tls_certificate/ocsp_staple') },
      { op: 'copy', from: '/tls_certificate/private_key/inline_string', at: at('/tls_certificate/password') },
      { op: 'copy', from: '/tls_certificate/private_key/inline_string', at: at('/name') },
      { op: 'copy', from: '/tls_certificate/private_key/inline_string', at: at('/tls_certificate/watched_directory') },
    ];
    for (const step of steps) {
      const operations = [{ ...step, index: 0 }];
      const result = applyToJson(secret, SECRET, { policy: 'n/p', type: 'secret', name: 's', operations });
      expect(result.ok).toBe(false);
      expect(result.ok || result.refusal.message).not.toMatch(/PRIVATE/u);
    }
  });
});
