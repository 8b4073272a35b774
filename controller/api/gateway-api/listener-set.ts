import { defineKind } from '../kind.ts';
import { apiGroup, apiKind, dnsLabel, objectName } from '../kubernetes/names.ts';
import { array, named, required, string, withDefault } from '../schema.ts';
import { listenerFields, listenerRules, listenerStatus } from './listener.ts';
import { conditions } from './status.ts';

/** ListenerSet: further listeners of a Gateway, from another namespace or team. */
export const listenerSet = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'ListenerSet',
  plural: 'listenersets',
  shortNames: ['lset'],
  categories: ['gateway-api'],
  storageVersion: 'v1',
  body: {
    spec: required(
      named('ListenerSetSpec', {
        parentRef: required(
          named('ParentGatewayReference', {
            group: withDefault(string(apiGroup), 'gateway.networking.k8s.io'),
            kind: withDefault(string(apiKind), 'Gateway'),
            name: required(string(objectName)),
            namespace: string(dnsLabel),
          }),
        ),
        listeners: required(
          array(named('Listener', listenerFields), {
            minItems: 1,
            maxItems: 64,
            mapKeys: ['name'],
            rules: listenerRules,
          }),
        ),
      }),
    ),
    status: named('ListenerSetStatus', {
      conditions,
      listeners: array(listenerStatus, { maxItems: 64, mapKeys: ['name'] }),
    }),
  },
});
