import { defineKind } from '../kind.ts';
import { array, json, object, string, withDefault } from '../schema.ts';
import { nullIsAbsent } from './null-is-absent.ts';

/** Namespace, core/v1. */
export const namespace = defineKind({
  group: '',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  scope: 'Cluster',
  storageVersion: 'v1',
  body: nullIsAbsent({
    spec: withDefault(object({ finalizers: array(string()) }), {}),
    status: object({ phase: string(), conditions: array(json({ object: true })) }),
  }),
});
