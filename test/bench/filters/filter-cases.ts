import { issuer } from '#wasm-filters/testing/issuer.ts';
import type { JsonObject } from '../json.ts';
import { filter, type FilterCase, targets } from './filter-case.ts';
import type { ServedModule } from './served-module.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'shop';
const NEVER = 4_102_444_800;
/** So many that no cache holds all of them. */
const DIFFERENT_TOKENS = 20_000;

const rsa = issuer('RS256');
const ec = issuer('ES256');

/** What is measured, one after the other; `module` is where the filter `header-rewrite` is had. */
export function filterCases(module: ServedModule): readonly FilterCase[] {
  return [
    headerCase(module),
    jwtCase(),
    signatureCase(),
    ...[1, 10, 1_000].map(authorizationCase),
    limitCase(),
    chainCase(),
  ];
}

function claims(more: object = {}): object {
  return { iss: ISSUER, aud: AUDIENCE, exp: NEVER, sub: 'ada', role: 'admin', ...more };
}

const bearer = (token: string): string => `Bearer ${token}`;

function headerCase({ url, sha256 }: ServedModule): FilterCase {
  const id = 'header';
  return {
    id,
    words: 'one request header',
    manifests: `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: { name: ${id} }
spec:
  ${targets(id)}
  wasm:
    - name: header-rewrite
      rootID: header-rewrite
      code: { type: HTTP, http: { url: '${url}', sha256: ${sha256} } }
      config: { request: { set: [{ name: x-bench, value: yes }] } }
`,
    native: [headerMutation()],
    headers: {},
  };
}

function headerMutation(): JsonObject {
  return filter(
    'envoy.filters.http.header_mutation',
    'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
    {
      mutations: { request_mutations: [{ append: { header: { key: 'x-bench', value: 'yes' } } }] },
    },
  );
}

function jwtCase(): FilterCase {
  const id = 'jwt-rs256';
  const token = rsa.token(claims());
  return {
    id,
    words: 'JWT RS256, the token seen before',
    manifests: securityPolicy(id, jwtSpec(rsa.jwk)),
    native: [jwtAuthn(rsa.jwk, { jwt_cache_config: { jwt_cache_size: 1_000 } })],
    headers: { authorization: bearer(token) },
    refused: { headers: {}, status: 401 },
  };
}

function signatureCase(): FilterCase {
  const id = 'jwt-es256';
  const tokens = Array.from({ length: DIFFERENT_TOKENS }, (_, index) =>
    bearer(ec.token(claims({ sub: `user-${index}` }))),
  );
  return {
    id,
    words: 'JWT ES256, every token new',
    manifests: securityPolicy(id, jwtSpec(ec.jwk)),
    native: [jwtAuthn(ec.jwk, {})],
    headers: {},
    tokens,
    refused: { headers: {}, status: 401 },
  };
}

/** Rules of which only the last one matches. */
function authorizationCase(rules: number): FilterCase {
  const id = `authorization-${rules}`;
  const roles = Array.from({ length: rules }, (_, index) => `role-${index}`);
  const last = `role-${rules - 1}`;
  return {
    id,
    words: `authorization, ${rules === 1 ? 'a rule' : `${rules} rules, the last one matches`}`,
    manifests: securityPolicy(
      id,
      `authorization:
    defaultAction: Deny
    rules:
${roles.map((role) => `      - { action: Allow, principal: { headers: [{ name: x-role, values: [${role}] }] } }\n`).join('')}`,
    ),
    native: [rbac(Object.fromEntries(roles.map((role, index) => [`rule-${index}`, headerPolicy('x-role', role)])))],
    headers: { 'x-role': last },
    refused: { headers: { 'x-role': 'nobody' }, status: 403 },
  };
}

function limitCase(): FilterCase {
  const id = 'local-limit';
  return {
    id,
    words: 'local rate limit',
    manifests: trafficPolicy(id),
    native: [localRateLimit()],
    headers: {},
  };
}

/** All of it: a token, a rule on a claim, a limit and a header from a claim. */
function chainCase(): FilterCase {
  const id = 'chain';
  const token = rsa.token(claims());
  const spec = `${jwtSpec(rsa.jwk, 'claimToHeaders: [{ claim: sub, header: x-user }]')}
  authorization:
    defaultAction: Deny
    rules:
      - action: Allow
        principal: { jwt: { provider: issuer, claims: [{ name: role, values: [admin] }] } }
`;
  const admin = {
    permissions: [{ any: true }],
    principals: [
      {
        metadata: {
          filter: 'envoy.filters.http.jwt_authn',
          path: [{ key: 'payload' }, { key: 'role' }],
          value: { string_match: { exact: 'admin' } },
        },
      },
    ],
  };
  return {
    id,
    words: 'JWT, a rule on a claim, a limit, a header from a claim',
    manifests: securityPolicy(id, spec) + trafficPolicy(id),
    native: [
      jwtAuthn(rsa.jwk, {
        jwt_cache_config: { jwt_cache_size: 1_000 },
        payload_in_metadata: 'payload',
        claim_to_headers: [{ header_name: 'x-user', claim_name: 'sub' }],
      }),
      rbac({ admin }),
      localRateLimit(),
    ],
    headers: { authorization: bearer(token) },
    refused: { headers: { authorization: bearer(rsa.token(claims({ role: 'guest' }))) }, status: 403 },
  };
}

function securityPolicy(id: string, spec: string): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: ${id} }
spec:
  ${targets(id)}
  ${spec}
`;
}

function jwtSpec(jwk: object, more = ''): string {
  return `jwt:
    providers:
      - name: issuer
        issuer: ${ISSUER}
        audiences: [${AUDIENCE}]
        localJWKS: { type: Inline, inline: '${JSON.stringify({ keys: [jwk] })}' }
        ${more}`;
}

function trafficPolicy(id: string): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: ${id} }
spec:
  ${targets(id)}
  rateLimit:
    local: { rules: [{ limit: { requests: 100000000, unit: Second } }] }
`;
}

function jwtAuthn(jwk: object, more: JsonObject): JsonObject {
  return filter('envoy.filters.http.jwt_authn', 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
    providers: {
      issuer: {
        issuer: ISSUER,
        audiences: [AUDIENCE],
        forward: true,
        local_jwks: { inline_string: JSON.stringify({ keys: [jwk] }) },
        ...more,
      },
    },
    rules: [{ match: { prefix: '/' }, requires: { provider_name: 'issuer' } }],
  });
}

function rbac(policies: JsonObject): JsonObject {
  return filter('envoy.filters.http.rbac', 'envoy.extensions.filters.http.rbac.v3.RBAC', {
    rules: { action: 'ALLOW', policies },
  });
}

function headerPolicy(name: string, exact: string): JsonObject {
  return { permissions: [{ any: true }], principals: [{ header: { name, string_match: { exact } } }] };
}

function localRateLimit(): JsonObject {
  const always = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
  return filter(
    'envoy.filters.http.local_ratelimit',
    'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    {
      stat_prefix: 'bench',
      token_bucket: { max_tokens: 100_000_000, tokens_per_fill: 100_000_000, fill_interval: '1s' },
      filter_enabled: always,
      filter_enforced: always,
      // As ours have it.
      enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
    },
  );
}
