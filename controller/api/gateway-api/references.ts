/** References between objects (Gateway API, "Cross namespace references" and `shared_types`). */
import { integer, named, required, string, withDefault } from '../schema.ts';
import { apiGroup, apiKind, dnsLabel, dnsSubdomain, objectName } from '../kubernetes/names.ts';

/** A TCP or UDP port. */
export const portNumber = integer({ minimum: 1, maximum: 65_535 });

/** The name of a listener or rule. */
export const sectionName = string(dnsSubdomain);

/** A reference to an object in the same namespace. */
export const localObjectReference = named('LocalObjectReference', {
  group: required(string(apiGroup)),
  kind: required(string(apiKind)),
  name: required(string(objectName)),
});

/** A reference to an object in any namespace, kind and all. */
export const objectReference = named('ObjectReference', {
  group: required(string(apiGroup)),
  kind: required(string(apiKind)),
  name: required(string(objectName)),
  namespace: string(dnsLabel),
});

/** A reference to a Secret, or to what another kind offers in its place. */
export const secretObjectReference = named('SecretObjectReference', {
  group: withDefault(string(apiGroup), ''),
  kind: withDefault(string(apiKind), 'Secret'),
  name: required(string(objectName)),
  namespace: string(dnsLabel),
});

const servicePortRule = {
  rule: "size(self.group) != 0 || self.kind != 'Service' || has(self.port)",
  message: 'must name the port of the Service',
  fieldPath: ['port'],
};

/** The fields of a reference to a back-end, for references that add fields of their own. */
export const backendObjectReferenceFields = {
  group: withDefault(string(apiGroup), ''),
  kind: withDefault(string(apiKind), 'Service'),
  name: required(string(objectName)),
  namespace: string(dnsLabel),
  port: portNumber,
};

/** The rule that a reference to a Service names its port. */
export const backendObjectReferenceRules = [servicePortRule];

/** A reference to what requests can be sent to. */
export const backendObjectReference = named('BackendObjectReference', backendObjectReferenceFields, {
  rules: backendObjectReferenceRules,
});

/** The share of traffic of one back-end among those of its rule. */
export const weight = withDefault(integer({ minimum: 0, maximum: 1_000_000 }), 1);

/** A reference of a route to what it attaches to. */
export const parentReference = named('ParentReference', {
  group: withDefault(string(apiGroup), 'gateway.networking.k8s.io'),
  kind: withDefault(string(apiKind), 'Gateway'),
  name: required(string(objectName)),
  namespace: string(dnsLabel),
  sectionName,
  port: portNumber,
});
