import { secretObjectReference } from '../gateway-api/references.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { defineKind } from '../kind.ts';
import { array, boolean, named, oneOf, required, string, withDefault } from '../schema.ts';
import { customResponseFields } from './custom-response.ts';

const pattern = required(string({ minLength: 1 }));

const hostnameModifier = named(
  'HTTPHostnameModifier',
  {
    type: required(oneOf(['Header', 'Backend', 'PathRegex'])),
    header: string(),
    pathRegex: named('HostnamePathRegexRewrite', {
      pattern,
      substitution: required(string({ minLength: 1, pattern: '^[^\\r\\n\\x00]*$' })),
    }),
  },
  { rules: memberRules({ Header: 'header', PathRegex: 'pathRegex' }) },
);

const regexPathModifier = named(
  'HTTPRegexPathModifier',
  {
    type: required(oneOf(['ReplaceRegexMatch'])),
    replaceRegexMatch: named('ReplaceRegexMatch', { pattern, substitution: required(string()) }),
  },
  { rules: memberRules({ ReplaceRegexMatch: 'replaceRegexMatch' }) },
);

const cookieMatch = named('HTTPCookieMatch', {
  type: withDefault(oneOf(['Exact', 'RegularExpression']), 'Exact'),
  name: required(string({ minLength: 1, maxLength: 256 })),
  value: required(string({ minLength: 1, maxLength: 4096 })),
});

const spec = named('HTTPRouteFilterSpec', {
  urlRewrite: named('HTTPRegexURLRewriteFilter', {
    hostname: hostnameModifier,
    path: regexPathModifier,
    appendXForwardedHost: boolean(),
  }),
  directResponse: named('HTTPDirectResponseFilter', customResponseFields),
  credentialInjection: named('HTTPCredentialInjectionFilter', {
    header: string(),
    overwrite: boolean(),
    credential: required(named('InjectedCredential', { valueRef: required(secretObjectReference) })),
  }),
  matches: array(
    named('HTTPRouteMatchFilter', { cookies: array(cookieMatch, { minItems: 1, maxItems: 16 }) }, { minProperties: 1 }),
    { maxItems: 8 },
  ),
});

/** HTTPRouteFilter: what a route's ExtensionRef may ask for beyond Gateway API. */
export const httpRouteFilterKind = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'HTTPRouteFilter',
  plural: 'httproutefilters',
  shortNames: ['hrf'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: required(spec) },
});
