import { describe, expect, it } from 'vitest';
import { schema } from '#proto/load.ts';
import { type Document, type Need, pointerOf, resolvePlace, tokensOf } from './place.ts';

const LISTENER = schema('envoy.config.listener.v3.Listener');
const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

const listener = (): Document => ({
  name: 'l',
  metadata: { filter_metadata: { someThing: { someField: [1] } } },
  filter_chains: [
    {
      filters: [
        {
          name: 'manager',
          typed_config: {
            '@type': `type.googleapis.com/${MANAGER}`,
            stat_prefix: 'http',
            http_filters: [{ name: 'a' }, { name: 'b' }],
          },
        },
      ],
    },
  ],
});

function resolve(pointer: string, need: Need = 'value', document: Document = listener()): string {
  const place = resolvePlace(document, LISTENER, pointer, need);
  return place.ok ? place.value : `refused: ${place.refusal.message}`;
}

describe('a JSON pointer', () => {
  it('writes "/" and "~" inside a name as ~1 and ~0', () => {
    expect(tokensOf('/a~1b/~01/')).toEqual(['a/b', '~1', '']);
    expect(pointerOf(['a/b', '~1', '', 3])).toBe('/a~1b/~01//3');
  });

  it('names fields in either way of writing them, through google.protobuf.Any too', () => {
    const place = '/filter_chains/0/filters/0/typed_config/http_filters/1';
    expect(resolve(place)).toBe(place);
    expect(resolve('/filterChains/0/filters/0/typedConfig/httpFilters/1')).toBe(place);
  });

  it('follows the way a field is written in the document', () => {
    expect(resolve('/per_connection_buffer_limit_bytes', 'value', { perConnectionBufferLimitBytes: 1 })).toBe(
      '/perConnectionBufferLimitBytes',
    );
  });

  it('leaves keys of maps and of free JSON as they are', () => {
    const place = '/metadata/filter_metadata/someThing/someField/0';
    expect(resolve(place)).toBe(place);
    expect(resolve('/metadata/filter_metadata/some_thing')).toMatch(/nothing is at/u);
  });

  it('refuses a field that the message does not have, and names one that may be meant', () => {
    expect(resolve('/filter_chains/0/filters/0/typed_config/stat_prefx', 'room')).toMatch(
      /"stat_prefx" is no field of envoy\.\S+\.HttpConnectionManager; did you mean stat_prefix\?/u,
    );
  });

  it.each(['2', '01', 'x', '1e0'])('refuses %s as an index of a list of one', (index) => {
    expect(resolve(`/filter_chains/${index}`, 'room')).toMatch(/no index of a list of 1/u);
  });

  it('takes the end of a list as room, not as a value', () => {
    expect(resolve('/filter_chains/-', 'room')).toBe('/filter_chains/-');
    expect(resolve('/filter_chains/1', 'room')).toBe('/filter_chains/1');
    expect(resolve('/filter_chains/-')).toMatch(/nothing is at/u);
    expect(resolve('/filter_chains/1')).toMatch(/nothing is at/u);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('refuses %s', (name) => {
    expect(resolve(`/metadata/filter_metadata/${name}`, 'room')).toMatch(/no name of a field/u);
  });

  it('refuses what is below a scalar', () => {
    expect(resolve('/name/first', 'room')).toMatch(/there are no fields/u);
  });

  it('makes the way to a place only where that is asked for', () => {
    const document = listener();
    expect(resolve('/access_log_options/x', 'room', document)).toMatch(/no field/u);
    expect(resolve('/default_filter_chain/filters/0/name', 'room', document)).toMatch(/nothing is at/u);
    expect(document).toEqual(listener());
    expect(resolve('/defaultFilterChain/filters/0/name', 'room, made where missing', document)).toBe(
      '/default_filter_chain/filters/0/name',
    );
    expect(document['default_filter_chain']).toEqual({ filters: [{}] });
  });
});
