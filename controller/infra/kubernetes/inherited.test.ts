import { describe, expect, it } from 'vitest';
import { inherited } from './inherited.ts';

const entry = (manager: string, fieldsV1: object, more: object = {}): object => ({
  manager,
  operation: 'Apply',
  apiVersion: 'apps/v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
});
const of = (...managedFields: readonly object[]): object => ({ metadata: { name: 'web', managedFields } });
const container = (name: string): object => ({ [`k:{"name":"${name}"}`]: { '.': {}, 'f:image': {} } });
const pod = (...names: readonly string[]): object => ({
  'f:spec': { 'f:containers': Object.assign({}, ...names.map(container)) },
});

describe('what Envoy Gateway applied', () => {
  it('is as if we had applied it', () => {
    expect(inherited(of(entry('envoy-gateway', pod('envoy', 'shutdown-manager'))), 'sluice')).toEqual([
      entry('sluice', pod('envoy', 'shutdown-manager')),
    ]);
  });

  it('is joined with what we had applied ourselves: there is one entry for each who applies', () => {
    const theirs = entry('envoy-gateway', pod('envoy', 'shutdown-manager'));
    const ours = entry('sluice', pod('envoy', 'extra'));
    expect(inherited(of(ours, theirs), 'sluice')).toEqual([entry('sluice', pod('envoy', 'shutdown-manager', 'extra'))]);
  });

  it('leaves what anybody else manages as it is, and what a status is made of', () => {
    const others = [
      entry('kubectl', pod('debugger')),
      entry('kube-controller-manager', { 'f:status': {} }, { operation: 'Update', subresource: 'status' }),
      entry('envoy-gateway', { 'f:status': {} }, { operation: 'Update', subresource: 'status' }),
    ];
    expect(inherited(of(...others, entry('envoy-gateway', pod('envoy'))), 'sluice')).toEqual([
      ...others,
      entry('sluice', pod('envoy')),
    ]);
    expect(inherited(of(...others), 'sluice')).toBeUndefined();
  });

  it.each([undefined, {}, { metadata: {} }, { metadata: { managedFields: 'none' } }])('is nothing in %j', (object) => {
    expect(inherited(object, 'sluice')).toBeUndefined();
  });
});
