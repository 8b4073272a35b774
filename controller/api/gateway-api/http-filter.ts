import { httpToken, headerValue, preciseHostname } from '../kubernetes/names.ts';
import type { Rule, Schema } from '../schema.ts';
import { array, boolean, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { fraction } from './fraction.ts';
import { httpMethods } from './http-match.ts';
import { httpPathModifier } from './path-modifier.ts';
import { backendObjectReference, localObjectReference, portNumber } from './references.ts';
import { memberRules } from './union-rules.ts';

const header = named('HTTPHeader', { name: required(string(httpToken)), value: required(string(headerValue)) });

/** Headers to set, add and remove. */
export const httpHeaderFilter = named('HTTPHeaderFilter', {
  set: array(header, { maxItems: 16, mapKeys: ['name'] }),
  add: array(header, { maxItems: 16, mapKeys: ['name'] }),
  remove: array(string(), { maxItems: 16, set: true }),
});

/** A copy of requests to another back-end, whose answer is not used. */
export const requestMirror = named(
  'HTTPRequestMirrorFilter',
  {
    backendRef: required(backendObjectReference),
    percent: integer({ minimum: 0, maximum: 100 }),
    fraction,
  },
  {
    rules: [{ rule: '!has(self.percent) || !has(self.fraction)', message: 'must have percent or fraction, not both' }],
  },
);

const requestRedirect = named('HTTPRequestRedirectFilter', {
  scheme: oneOf(['http', 'https']),
  hostname: string(preciseHostname),
  path: httpPathModifier,
  port: portNumber,
  statusCode: withDefault(integer({ enum: [301, 302, 303, 307, 308] }), 302),
});

const urlRewrite = named('HTTPURLRewriteFilter', { hostname: string(preciseHostname), path: httpPathModifier });

function wildcardAlone(): Rule[] {
  return [{ rule: "!('*' in self) || size(self) == 1", message: "must have '*' alone or not at all" }];
}

const cors = named('HTTPCORSFilter', {
  allowOrigins: array(
    string({
      minLength: 1,
      maxLength: 253,
      pattern: '^\\*$|^https?:\\/\\/((\\*\\.)?([a-zA-Z0-9\\-]+\\.)*[a-zA-Z0-9\\-]+|\\*)(:[0-9]{1,5})?$',
      patternHint: "'*' or an origin such as https://example.com, its first label may be '*'",
    }),
    { maxItems: 64, set: true, rules: wildcardAlone() },
  ),
  allowCredentials: boolean(),
  allowMethods: array(oneOf([...httpMethods, '*']), { maxItems: 9, set: true, rules: wildcardAlone() }),
  allowHeaders: array(string(httpToken), { maxItems: 64, set: true, rules: wildcardAlone() }),
  exposeHeaders: array(string(httpToken), { maxItems: 64, set: true }),
  maxAge: withDefault(integer({ minimum: 1, description: 'Seconds.' }), 5),
});

const externalAuthProtocols = { HTTP: 'http', GRPC: 'grpc' };

const externalAuth = named(
  'HTTPExternalAuthFilter',
  {
    protocol: required(oneOf(Object.keys(externalAuthProtocols))),
    backendRef: required(backendObjectReference),
    grpc: named('GRPCAuthConfig', { allowedHeaders: array(string(), { maxItems: 64, set: true }) }),
    http: named('HTTPAuthConfig', {
      path: string({ maxLength: 1024, pattern: "^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$" }),
      allowedHeaders: array(string(), { maxItems: 64, set: true }),
      allowedResponseHeaders: array(string(), { maxItems: 64, set: true }),
    }),
    forwardBody: named('ForwardBodyConfig', { maxSize: integer({ minimum: 0, description: 'Bytes.' }) }),
  },
  { rules: memberRules(externalAuthProtocols, 'protocol') },
);

const filterMembers: { readonly [type: string]: { readonly field: string; readonly schema: Schema } } = {
  RequestHeaderModifier: { field: 'requestHeaderModifier', schema: httpHeaderFilter },
  ResponseHeaderModifier: { field: 'responseHeaderModifier', schema: httpHeaderFilter },
  RequestMirror: { field: 'requestMirror', schema: requestMirror },
  RequestRedirect: { field: 'requestRedirect', schema: requestRedirect },
  URLRewrite: { field: 'urlRewrite', schema: urlRewrite },
  CORS: { field: 'cors', schema: cors },
  ExternalAuth: { field: 'externalAuth', schema: externalAuth },
  ExtensionRef: { field: 'extensionRef', schema: localObjectReference },
};

/** One step that changes, redirects, copies or checks a request, or changes its response. */
export const httpRouteFilter = named(
  'HTTPFilter',
  {
    type: required(oneOf(Object.keys(filterMembers))),
    ...Object.fromEntries(Object.values(filterMembers).map(({ field, schema }) => [field, schema])),
  },
  {
    rules: memberRules(Object.fromEntries(Object.entries(filterMembers).map(([type, { field }]) => [type, field]))),
  },
);

const onceOnly = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestRedirect', 'URLRewrite', 'CORS'];

/** The filters of a rule or back-end, in order. */
export const httpRouteFilters = array(httpRouteFilter, {
  maxItems: 16,
  rules: [
    {
      rule: "!(self.exists(f, f.type == 'RequestRedirect') && self.exists(f, f.type == 'URLRewrite'))",
      message: 'must not have both RequestRedirect and URLRewrite',
    },
    ...onceOnly.map((type) => ({
      rule: `self.filter(f, f.type == '${type}').size() <= 1`,
      message: `must not have ${type} more than once`,
    })),
  ],
});
