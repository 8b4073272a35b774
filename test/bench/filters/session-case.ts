import { type IdentityProvider, startIdentityProvider } from '#deploy/setup/identity-provider/identity-provider.ts';
import type { JsonObject } from '../json.ts';
import { filter, type FilterCase, targets } from './filter-case.ts';
import { PATHS } from './native-bootstrap.ts';

const CLIENT = 'bench';
const SECRET = 'no-secret';
const CALLBACK = `${PATHS.direct}/callback`;
const CLUSTER = 'identity-provider';

/** Starts a provider at which both sides log in. */
export function startProvider(port: number, gateways: readonly number[]): Promise<IdentityProvider> {
  return startIdentityProvider({
    port,
    clientId: CLIENT,
    clientSecret: SECRET,
    redirectUris: gateways.map((gateway) => `http://127.0.0.1:${gateway}${CALLBACK}`),
    users: { ada: { name: 'Ada' } },
    ttl: 3_600,
  });
}

/** A session of OpenID Connect, after the login; the native side is Envoy's oauth2 filter. */
export function sessionCase(provider: number, gateway: number): FilterCase {
  const id = 'session';
  const issuer = `http://127.0.0.1:${provider}`;
  return {
    id,
    words: 'a session of OpenID Connect',
    manifests: `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: ${id} }
spec:
  ${targets(id)}
  oidc:
    provider: { issuer: '${issuer}' }
    clientID: ${CLIENT}
    clientSecret: { name: ${id}-client }
    redirectURL: http://127.0.0.1:${gateway}${CALLBACK}
    logoutPath: ${PATHS.direct}/logout
---
apiVersion: v1
kind: Secret
metadata: { name: ${id}-client }
stringData: { client-secret: ${SECRET} }
`,
    native: [
      filter('envoy.filters.http.oauth2', 'envoy.extensions.filters.http.oauth2.v3.OAuth2', {
        config: {
          token_endpoint: { cluster: CLUSTER, uri: `${issuer}/token`, timeout: '5s' },
          authorization_endpoint: `${issuer}/authorize`,
          redirect_uri: `%REQ(x-forwarded-proto)%://%REQ(:authority)%${CALLBACK}`,
          redirect_path_matcher: { path: { exact: CALLBACK } },
          signout_path: { path: { exact: `${PATHS.direct}/logout` } },
          auth_type: 'BASIC_AUTH',
          auth_scopes: ['openid'],
          credentials: { client_id: CLIENT, token_secret: { name: 'token' }, hmac_secret: { name: 'hmac' } },
        },
      }),
    ],
    headers: {},
    logsIn: true,
  };
}

/** What the oauth2 filter needs beside itself. */
export const SESSION_SECRETS: readonly JsonObject[] = [
  { name: 'token', generic_secret: { secret: { inline_string: SECRET } } },
  { name: 'hmac', generic_secret: { secret: { inline_string: '0123456789abcdef0123456789abcdef' } } },
];

/** The cluster of the provider. */
export function providerCluster(port: number): JsonObject {
  return {
    name: CLUSTER,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: CLUSTER,
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }] },
      ],
    },
  };
}
