import { defineKind } from '../kind.ts';
import { dnsSubdomain, wildcardHostname } from '../kubernetes/names.ts';
import { array, duration, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { httpRouteFilters } from './http-filter.ts';
import { httpRouteMatch } from './http-match.ts';
import { parentRefs } from './parent-refs.ts';
import { backendObjectReferenceFields, backendObjectReferenceRules, weight } from './references.ts';
import { sessionPersistence } from './session-persistence.ts';
import { routeStatus } from './status.ts';

const httpBackendRef = named(
  'HTTPBackendRef',
  { ...backendObjectReferenceFields, weight, filters: httpRouteFilters },
  { rules: backendObjectReferenceRules },
);

const timeouts = named(
  'HTTPRouteTimeouts',
  { request: duration(), backendRequest: duration() },
  {
    rules: [
      {
        rule: "!has(self.request) || !has(self.backendRequest) || duration(self.request) == duration('0s') || duration(self.backendRequest) <= duration(self.request)",
        message: 'must not be longer than request',
        fieldPath: ['backendRequest'],
      },
    ],
  },
);

function needsOnePrefixMatch(filter: string): string {
  return `(!self.filters.exists(f, has(f.${filter}) && has(f.${filter}.path) && f.${filter}.path.type == 'ReplacePrefixMatch'))`;
}

const onePrefixMatch = "(size(self.matches) == 1 && self.matches[0].path.type == 'PathPrefix')";

const prefixRules = ['requestRedirect', 'urlRewrite'].flatMap((filter) => [
  {
    rule: `!has(self.filters) || ${needsOnePrefixMatch(filter)} || ${onePrefixMatch}`,
    message: `must have exactly one match, of type PathPrefix, when ${filter} replaces the prefix`,
    fieldPath: ['matches'],
  },
  {
    rule: `!has(self.backendRefs) || self.backendRefs.all(b, !has(b.filters) || ${needsOnePrefixMatch(filter).replaceAll('self.', 'b.')}) || ${onePrefixMatch}`,
    message: `must have exactly one match, of type PathPrefix, when ${filter} of a back-end replaces the prefix`,
    fieldPath: ['matches'],
  },
]);

const wholePath = [{ path: { type: 'PathPrefix', value: '/' } }];

const httpRouteRule = named(
  'HTTPRouteRule',
  {
    name: string(dnsSubdomain),
    matches: withDefault(array(httpRouteMatch, { maxItems: 64 }), wholePath),
    filters: httpRouteFilters,
    backendRefs: array(httpBackendRef, { maxItems: 16 }),
    timeouts,
    retry: named('HTTPRouteRetry', {
      codes: array(integer({ minimum: 400, maximum: 599 }), { set: true }),
      attempts: integer({ minimum: 1 }),
      backoff: duration(),
    }),
    sessionPersistence,
  },
  {
    rules: [
      {
        rule: '!has(self.backendRefs) || size(self.backendRefs) == 0 || !has(self.filters) || self.filters.all(f, !has(f.requestRedirect))',
        message: 'must be absent when a filter redirects',
        fieldPath: ['backendRefs'],
      },
      ...prefixRules,
    ],
  },
);

const spec = named('HTTPRouteSpec', {
  parentRefs,
  hostnames: array(string(wildcardHostname), { maxItems: 16 }),
  rules: withDefault(
    array(httpRouteRule, {
      minItems: 1,
      maxItems: 16,
      rules: [
        {
          rule: 'self.map(r, size(r.matches)).sum() <= 128',
          message: 'must have at most 128 matches over all rules',
        },
        {
          rule: 'self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && a.name == b.name))',
          message: 'must have names that differ',
        },
      ],
    }),
    [{ matches: wholePath }],
  ),
  useDefaultGateways: oneOf(['All', 'None']),
});

/** HTTPRoute: which HTTP requests go where, and what happens to them on the way. */
export const httpRoute = defineKind({
  group: 'gateway.networking.k8s.io',
  kind: 'HTTPRoute',
  plural: 'httproutes',
  categories: ['gateway-api'],
  storageVersion: 'v1',
  oldVersions: ['v1beta1', 'v1alpha2'],
  body: { spec: required(spec), status: routeStatus },
});
