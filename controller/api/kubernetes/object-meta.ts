import { array, boolean, integer, json, map, named, required, string, withDefault } from '../schema.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { nullIsAbsent } from './null-is-absent.ts';

/**
 * The shape of a Kubernetes object's metadata (meta/v1 ObjectMeta), strict as with kubectl.
 *
 * What only an API server writes (uid, resourceVersion, managedFields) is accepted, so that the output of `kubectl get -o yaml` can be read back.
 */
const shared = {
  name: required(string({ ...dnsSubdomain, description: 'Unique among objects of its kind in its namespace.' })),
  generateName: string(),
  labels: map(string({ maxLength: 63, pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$' })),
  annotations: map(string()),
  generation: withDefault(integer({ minimum: 0, description: 'Rises with every change of the spec.' }), 1),
  uid: string(),
  resourceVersion: string(),
  creationTimestamp: string({ format: 'date-time' }),
  deletionTimestamp: string({ format: 'date-time' }),
  deletionGracePeriodSeconds: integer(),
  finalizers: array(string()),
  ownerReferences: array(
    named('OwnerReference', {
      apiVersion: required(string()),
      kind: required(string()),
      name: required(string()),
      uid: required(string()),
      controller: boolean(),
      blockOwnerDeletion: boolean(),
    }),
  ),
  managedFields: array(json({ object: true })),
  selfLink: string(),
};

/** Metadata of an object that lives in a namespace; without one it is in `default`. */
export const namespacedMeta = named(
  'ObjectMeta',
  nullIsAbsent({ ...shared, namespace: withDefault(string(dnsLabel), 'default') }),
);

/** Metadata of an object that belongs to the whole cluster. */
export const clusterMeta = named('ClusterObjectMeta', nullIsAbsent(shared));
