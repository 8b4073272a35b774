import { defineKind } from '../kind.ts';
import { apiGroup, apiKind, dnsLabel, objectName } from '../kubernetes/names.ts';
import { array, named, required, string } from '../schema.ts';

/** ReferenceGrant: which kinds in other namespaces may refer to which kinds in this one. */
export const referenceGrant = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'ReferenceGrant',
  plural: 'referencegrants',
  shortNames: ['refgrant'],
  categories: ['gateway-api'],
  // Differs from the upstream CRD, which still stores v1beta1: nothing is stored here, and the shapes are the same.
  storageVersion: 'v1',
  oldVersions: ['v1beta1', 'v1alpha2'],
  body: {
    spec: required(
      named('ReferenceGrantSpec', {
        from: required(
          array(
            named('ReferenceGrantFrom', {
              group: required(string(apiGroup)),
              kind: required(string(apiKind)),
              namespace: required(string(dnsLabel)),
            }),
            { minItems: 1, maxItems: 16 },
          ),
        ),
        to: required(
          array(
            named('ReferenceGrantTo', {
              group: required(string(apiGroup)),
              kind: required(string(apiKind)),
              name: string(objectName),
            }),
            { minItems: 1, maxItems: 16 },
          ),
        ),
      }),
    ),
  },
});
