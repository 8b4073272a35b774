import { fraction } from '../gateway-api/fraction.ts';
import { secretObjectReference } from '../gateway-api/references.ts';
import { policyStatus } from '../gateway-api/status.ts';
import { defineKind } from '../kind.ts';
import { array, boolean, duration, named, required, string } from '../schema.ts';
import { authorization } from './authorization.ts';
import { extAuth } from './ext-auth.ts';
import { jwt } from './jwt.ts';
import { oidc } from './oidc.ts';
import { mergeType, policyTargetFields, policyTargetRules } from './policy-targets.ts';

const nonEmpty = string({ minLength: 1 });

const apiKeyAuth = named('APIKeyAuth', {
  credentialRefs: required(array(secretObjectReference)),
  extractFrom: required(
    array(
      named(
        'ExtractFrom',
        {
          headers: array(nonEmpty, { minItems: 1 }),
          params: array(nonEmpty, { minItems: 1 }),
          cookies: array(nonEmpty, { minItems: 1 }),
        },
        {
          rules: [
            {
              rule: '[has(self.headers), has(self.params), has(self.cookies)].filter(present, present).size() == 1',
              message: 'must have exactly one of headers, params and cookies',
            },
          ],
        },
      ),
      // An API server takes no rule on items without a bound.
      { minItems: 1, maxItems: 64 },
    ),
  ),
  forwardClientIDHeader: string(),
  sanitize: boolean(),
});

const origin = string({
  minLength: 1,
  maxLength: 253,
  // Differs from Envoy Gateway: the same language without nested repetition, which a backtracking engine cannot bound.
  pattern: '^(\\*|[A-Za-z][A-Za-z0-9+.\\-]*:\\/\\/(\\*|(\\*\\.)?\\w[\\w.\\-]*)(:[0-9]{1,5})?)$',
  patternHint: "'*' or an origin such as https://example.com, its first label may be '*'",
});

const cors = named('CORS', {
  allowOrigins: array(origin),
  allowMethods: array(string()),
  allowHeaders: array(string()),
  exposeHeaders: array(string()),
  maxAge: duration(),
  allowCredentials: boolean(),
});

const routeKinds = ['HTTPRoute', 'GRPCRoute', 'TCPRoute'];

const spec = named(
  'SecurityPolicySpec',
  {
    ...policyTargetFields,
    mergeType,
    apiKeyAuth,
    cors,
    csrf: named('CSRF', { shadowFraction: fraction, additionalOrigins: array(origin, { maxItems: 16 }) }),
    basicAuth: named('BasicAuth', { users: required(secretObjectReference), forwardUsernameHeader: string() }),
    jwt,
    oidc,
    extAuth,
    authorization,
  },
  {
    rules: [
      ...policyTargetRules(['Gateway', 'ListenerSet', ...routeKinds], routeKinds),
      // Differs from Envoy Gateway: the claims of a login are known without a `jwt`, under the provider "oidc".
      {
        rule: '!has(self.authorization) || !has(self.authorization.rules) || has(self.jwt) || has(self.oidc) || !self.authorization.rules.exists(r, has(r.principal) && has(r.principal.jwt))',
        message: 'must be present, or oidc, when an authorization rule has a jwt principal',
        fieldPath: ['jwt'],
      },
    ],
  },
);

/** SecurityPolicy: who may call what it targets. */
export const securityPolicy = defineKind({
  group: 'gateway.envoyproxy.io',
  kind: 'SecurityPolicy',
  plural: 'securitypolicies',
  shortNames: ['sp'],
  categories: ['envoy-gateway'],
  storageVersion: 'v1alpha1',
  body: { spec: required(spec), status: policyStatus },
});
