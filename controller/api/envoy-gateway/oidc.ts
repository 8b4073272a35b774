import { httpToken } from '../kubernetes/names.ts';
import { secretObjectReference } from '../gateway-api/references.ts';
import { array, boolean, duration, named, oneOf, required, string, withDefault } from '../schema.ts';
import { documentFetchRules, externalServiceFields } from './external-service.ts';

const provider = named(
  'OIDCProvider',
  {
    ...externalServiceFields,
    issuer: required(string({ minLength: 1 })),
    authorizationEndpoint: string(),
    tokenEndpoint: string(),
    endSessionEndpoint: string(),
  },
  { rules: documentFetchRules },
);

/** How the text of a header is compared, for requests that are refused rather than sent to log in. */
const denyRedirectHeader = named('OIDCDenyRedirectHeader', {
  name: required(string({ minLength: 1 })),
  type: withDefault(oneOf(['Exact', 'Prefix', 'Suffix', 'RegularExpression']), 'Exact'),
  value: required(string({ minLength: 1, maxLength: 1024 })),
});

/** Users log in at an OpenID Connect provider (OpenID Connect Core 1.0, authorization code flow). */
export const oidc = named(
  'OIDC',
  {
    provider: required(provider),
    clientID: string({ minLength: 1 }),
    clientIDRef: secretObjectReference,
    clientSecret: required(secretObjectReference),
    cookieNames: named('OIDCCookieNames', { accessToken: string(), idToken: string() }),
    cookieConfig: named('OIDCCookieConfig', { sameSite: oneOf(['Lax', 'Strict', 'None']) }),
    cookieDomain: string({
      maxLength: 253,
      pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
      patternHint: 'a DNS name',
    }),
    scopes: array(string()),
    resources: array(string()),
    redirectURL: string(),
    denyRedirect: named('OIDCDenyRedirect', {
      headers: required(array(denyRedirectHeader, { minItems: 1, maxItems: 16 })),
    }),
    logoutPath: string(),
    forwardAccessToken: boolean(),
    forwardIDToken: named('OIDCTokenForwarding', {
      header: required(
        string({ ...httpToken, rules: [{ rule: "self.lowerAscii() != 'host'", message: "must not be 'Host'" }] }),
      ),
    }),
    defaultTokenTTL: duration(),
    refreshToken: withDefault(boolean(), true),
    defaultRefreshTokenTTL: duration(),
    csrfTokenTTL: duration(),
    disableTokenEncryption: boolean(),
    passThroughAuthHeader: boolean(),
  },
  {
    rules: [
      {
        rule: 'has(self.clientID) != has(self.clientIDRef)',
        message: 'must have exactly one of clientID and clientIDRef',
      },
      {
        rule: "!has(self.forwardAccessToken) || !self.forwardAccessToken || !has(self.forwardIDToken) || self.forwardIDToken.header.lowerAscii() != 'authorization'",
        message: 'must not forward the ID token in Authorization when the access token is forwarded there',
        fieldPath: ['forwardIDToken', 'header'],
      },
    ],
  },
);
