import { httpMethods } from '../gateway-api/http-match.ts';
import { array, boolean, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { pathMatch } from './path-match.ts';

const action = oneOf(['Allow', 'Deny']);

const jwtPrincipal = named(
  'JWTPrincipal',
  {
    provider: required(string({ minLength: 1, maxLength: 253 })),
    claims: array(
      named('JWTClaim', {
        name: required(string({ minLength: 1, maxLength: 253 })),
        valueType: withDefault(oneOf(['String', 'StringArray']), 'String'),
        values: required(array(string(), { minItems: 1, maxItems: 128 })),
      }),
      { minItems: 1, maxItems: 16 },
    ),
    scopes: array(string({ minLength: 1, maxLength: 253 }), { minItems: 1, maxItems: 16 }),
  },
  { rules: [{ rule: 'has(self.claims) || has(self.scopes)', message: 'must have claims, scopes or both' }] },
);

const anonymous = named(
  'GeoIPAnonymousMatch',
  { isAnonymous: boolean(), isVPN: boolean(), isHosting: boolean(), isTor: boolean(), isProxy: boolean() },
  {
    rules: [
      {
        rule: 'has(self.isAnonymous) || has(self.isVPN) || has(self.isHosting) || has(self.isTor) || has(self.isProxy)',
        message: 'must have at least one of isAnonymous, isVPN, isHosting, isTor and isProxy',
      },
    ],
  },
);

const geoLocation = named(
  'ClientIPGeoLocation',
  {
    country: string({
      minLength: 2,
      maxLength: 2,
      pattern: '^[A-Za-z]{2}$',
      patternHint: 'an ISO 3166-1 alpha-2 code',
    }),
    region: string({ minLength: 1, maxLength: 16, pattern: '^[A-Za-z0-9-]+$' }),
    city: string({ minLength: 1, maxLength: 128 }),
    asn: integer({ minimum: 1 }),
    isp: string({ minLength: 1, maxLength: 256 }),
    anonymous,
  },
  {
    rules: [
      {
        rule: 'has(self.country) || has(self.region) || has(self.city) || has(self.asn) || has(self.isp) || has(self.anonymous)',
        message: 'must have at least one of country, region, city, asn, isp and anonymous',
      },
    ],
  },
);

const principal = named(
  'Principal',
  {
    clientCIDRs: array(string({ format: 'cidr' }), { minItems: 1 }),
    jwt: jwtPrincipal,
    headers: array(
      named('AuthorizationHeaderMatch', {
        name: required(string({ minLength: 1, maxLength: 256 })),
        values: required(array(string(), { minItems: 1, maxItems: 256 })),
      }),
      { minItems: 1, maxItems: 256 },
    ),
    clientIPGeoLocations: array(geoLocation, { minItems: 1, maxItems: 256 }),
  },
  {
    rules: [
      {
        rule: 'has(self.clientCIDRs) || has(self.jwt) || has(self.headers) || has(self.clientIPGeoLocations)',
        message: 'must have at least one of clientCIDRs, jwt, headers and clientIPGeoLocations',
      },
    ],
  },
);

const operation = named(
  'Operation',
  {
    methods: array(oneOf(httpMethods), { minItems: 1, maxItems: 16 }),
    path: pathMatch,
  },
  { rules: [{ rule: 'has(self.methods) || has(self.path)', message: 'must have methods, path or both' }] },
);

/** Who may do what: the first rule that matches decides, else defaultAction, else deny. */
export const authorization = named('Authorization', {
  rules: array(
    named(
      'AuthorizationRule',
      {
        name: string({ minLength: 1, maxLength: 253 }),
        action: required(action),
        operation,
        principal,
        cel: string({ minLength: 1, maxLength: 4096 }),
      },
      { rules: [{ rule: 'has(self.principal) || has(self.cel)', message: 'must have principal, cel or both' }] },
    ),
  ),
  defaultAction: action,
});
