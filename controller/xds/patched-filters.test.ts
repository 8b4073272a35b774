import { expect, it } from 'vitest';
import type { PatchOperationIr, PatchValue, ResourcePatchIr } from '../ir/patch.ts';
import { listenersWithPatchedFilters } from './patched-filters.ts';

const HCM = '/default_filter_chain/filters/0/typed_config';

function add(path: string, value: PatchValue): PatchOperationIr {
  return { index: 0, op: 'add', at: { path, jsonPath: undefined }, value };
}

function found(operation: PatchOperationIr, type: ResourcePatchIr['type'] = 'listener'): boolean {
  return listenersWithPatchedFilters([{ policy: 'a/b', type, name: 'l', operations: [operation] }]).has('l');
}

it.each<readonly [what: string, operation: PatchOperationIr, expected: boolean]>([
  ['a filter of requests that is added', add(`${HCM}/http_filters/0`, { name: 'lua' }), true],
  ['filters in another chain', add('/filter_chains/-', { typedConfig: { httpFilters: [] } }), true],
  ['a Listener of its own', { index: 0, op: 'whole', value: {} }, true],
  [
    'what a query finds by what is in it',
    {
      index: 0,
      op: 'remove',
      at: { path: '', jsonPath: `$.default_filter_chain.filters[0].typed_config[?@[0].name == 'x'][0]` },
    },
    true,
  ],
  [
    'a name that is escaped',
    { index: 0, op: 'remove', at: { path: '', jsonPath: `$.filters[0].typed_config['http\\u005ffilters'][0]` } },
    true,
  ],
  ['whatever a query selects', { index: 0, op: 'remove', at: { path: '', jsonPath: '$..filters[0]' } }, true],
  [
    'a filter that moves',
    { index: 0, op: 'move', at: { path: '/x', jsonPath: undefined }, from: `${HCM}/http_filters/1` },
    true,
  ],
  ['another field of the connection manager', add(`${HCM}/local_reply_config`, {}), false],
  ['a field of the Listener', add('/per_connection_buffer_limit_bytes', '1'), false],
])('tells where filters of requests may be patched: %s', (_, operation, expected) => {
  expect(found(operation)).toBe(expected);
  expect(found(operation, 'route')).toBe(false);
});
