import { defineKind } from '../kind.ts';
import { boolean, map, string, withDefault } from '../schema.ts';
import { nullIsAbsent } from './null-is-absent.ts';

const dataKey = '^[-._a-zA-Z0-9]{1,253}$';

/** Secret, core/v1; the API server merges `stringData` into `data`, and so does the provider. */
export const secret = defineKind({
  group: '',
  kind: 'Secret',
  plural: 'secrets',
  storageVersion: 'v1',
  body: nullIsAbsent({
    type: withDefault(string(), 'Opaque'),
    data: map(string({ format: 'byte', sensitive: true }), { keyPattern: dataKey }),
    stringData: map(string({ sensitive: true }), { keyPattern: dataKey }),
    immutable: boolean(),
  }),
});
