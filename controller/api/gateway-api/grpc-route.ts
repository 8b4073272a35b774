import { defineKind } from '../kind.ts';
import { dnsSubdomain, headerValue, httpToken, wildcardHostname } from '../kubernetes/names.ts';
import { array, named, oneOf, required, string, withDefault } from '../schema.ts';
import { httpHeaderFilter, requestMirror } from './http-filter.ts';
import { parentRefs } from './parent-refs.ts';
import {
  backendObjectReferenceFields,
  backendObjectReferenceRules,
  localObjectReference,
  weight,
} from './references.ts';
import { sessionPersistence } from './session-persistence.ts';
import { routeStatus } from './status.ts';
import { memberRules } from './union-rules.ts';

const filterMembers = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  ExtensionRef: 'extensionRef',
};

const filters = array(
  named(
    'GRPCFilter',
    {
      type: required(oneOf(Object.keys(filterMembers))),
      requestHeaderModifier: httpHeaderFilter,
      responseHeaderModifier: httpHeaderFilter,
      requestMirror,
      extensionRef: localObjectReference,
    },
    { rules: memberRules(filterMembers) },
  ),
  {
    maxItems: 16,
    rules: ['RequestHeaderModifier', 'ResponseHeaderModifier'].map((type) => ({
      rule: `self.filter(f, f.type == '${type}').size() <= 1`,
      message: `must not have ${type} more than once`,
    })),
  },
);

const methodMatch = named(
  'GRPCMethodMatch',
  {
    type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
    service: string({ maxLength: 1024 }),
    method: string({ maxLength: 1024 }),
  },
  {
    rules: [
      { rule: 'has(self.service) || has(self.method)', message: 'must have service, method or both' },
      {
        rule: "self.type != 'Exact' || !has(self.service) || self.service.matches('^[.]?[A-Za-z_][A-Za-z_0-9]*([.][A-Za-z_][A-Za-z_0-9]*)*$')",
        message: 'must be the name of a gRPC service when type is Exact',
        fieldPath: ['service'],
      },
      {
        rule: "self.type != 'Exact' || !has(self.method) || self.method.matches('^[A-Za-z_][A-Za-z_0-9]*$')",
        message: 'must be the name of a gRPC method when type is Exact',
        fieldPath: ['method'],
      },
    ],
  },
);

const match = named('GRPCRouteMatch', {
  method: methodMatch,
  headers: array(
    named('GRPCHeaderMatch', {
      type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
      name: required(string(httpToken)),
      value: required(string({ minLength: 1, maxLength: headerValue.maxLength })),
    }),
    { maxItems: 16, mapKeys: ['name'] },
  ),
});

const rule = named('GRPCRouteRule', {
  name: string(dnsSubdomain),
  matches: array(match, { maxItems: 64 }),
  filters,
  backendRefs: array(
    named(
      'GRPCBackendRef',
      { ...backendObjectReferenceFields, weight, filters },
      { rules: backendObjectReferenceRules },
    ),
    { maxItems: 16 },
  ),
  sessionPersistence,
});

const spec = named('GRPCRouteSpec', {
  parentRefs,
  hostnames: array(string(wildcardHostname), { maxItems: 16 }),
  rules: array(rule, {
    maxItems: 16,
    rules: [
      {
        rule: 'self.map(r, has(r.matches) ? size(r.matches) : 0).sum() <= 128',
        message: 'must have at most 128 matches over all rules',
      },
      {
        rule: 'self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && a.name == b.name))',
        message: 'must have names that differ',
      },
    ],
  }),
  useDefaultGateways: oneOf(['All', 'None']),
});

/** GRPCRoute: which gRPC calls go where. */
export const grpcRoute = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'GRPCRoute',
  plural: 'grpcroutes',
  categories: ['gateway-api'],
  storageVersion: 'v1',
  oldVersions: ['v1alpha2'],
  body: { spec: required(spec), status: routeStatus },
});
