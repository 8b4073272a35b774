import { defineKind } from '../kind.ts';
import { boolean, map, string } from '../schema.ts';
import { nullIsAbsent } from './null-is-absent.ts';

const dataKey = '^[-._a-zA-Z0-9]{1,253}$';

/** ConfigMap, core/v1. */
export const configMap = defineKind({
  group: '',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  storageVersion: 'v1',
  body: nullIsAbsent({
    data: map(string(), { keyPattern: dataKey }),
    binaryData: map(string({ format: 'byte' }), { keyPattern: dataKey }),
    immutable: boolean(),
  }),
});
