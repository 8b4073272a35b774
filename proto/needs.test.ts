import { create, createFileRegistry, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { schema } from './load.ts';
import { withNeeds } from './needs.ts';
import { compileSources } from './source/file-set.ts';
import { readSources } from './source/sources.ts';

const TEXT = `
syntax = "proto3";
package test;
import "sluice/filter/v1/needs.proto";
message Outer {
  uint32 needs = 1;
  string first = 2 [(sluice.filter.v1.since) = 1];
  Inner inner = 3 [(sluice.filter.v1.since) = 2];
  repeated Inner list = 4 [(sluice.filter.v1.since) = 2];
  oneof choice {
    bool old = 5 [(sluice.filter.v1.since) = 1];
    bool recent = 6 [(sluice.filter.v1.since) = 4];
  }
}
message Inner {
  string plain = 1 [(sluice.filter.v1.since) = 1];
  bool deny = 2 [(sluice.filter.v1.since) = 9];
}
`;
const outer = createFileRegistry(
  compileSources([...readSources(), { name: 'test/outer.proto', text: TEXT }]),
).getMessage('test.Outer');

function needs(json: JsonValue): unknown {
  if (outer === undefined) throw new Error('test.Outer is missing');
  const filled = withNeeds(outer, fromJson(outer, json));
  return 'needs' in filled ? filled.needs : undefined;
}

describe('the revision that a message needs', () => {
  it.each([
    ['nothing set', {}, 0],
    ['one field', { first: 'a' }, 1],
    ['a message whose fields are older than itself', { inner: { plain: 'a' } }, 2],
    ['a newer field of a message', { inner: { deny: true } }, 9],
    ['a newer field of one of several messages', { first: 'a', list: [{ plain: 'a' }, { deny: true }] }, 9],
    ['the older member of a oneof', { old: true }, 1],
    ['a member of a oneof that is set to its zero', { recent: false }, 4],
    ['a newer field that has its zero, which says nothing', { inner: { deny: false } }, 2],
  ])('is the highest of its fields: %s', (_, json, expected) => {
    expect(needs(json)).toBe(expected);
  });

  it('replaces what was stated', () => {
    expect(needs({ needs: 77, first: 'a' })).toBe(1);
  });

  it('is 1 for a policy of today', () => {
    const type = schema('sluice.filter.v1.Policy');
    expect(withNeeds(type, create(type, { jwt: { optional: true } })).needs).toBe(1);
  });
});
