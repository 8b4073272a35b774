import { localObjectReference } from '../gateway-api/references.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { array, boolean, duration, named, oneOf, required, string, withDefault } from '../schema.ts';
import { documentFetchRules, externalServiceFields } from './external-service.ts';

const remoteJwks = named(
  'RemoteJWKS',
  {
    ...externalServiceFields,
    uri: required(string({ minLength: 1, maxLength: 253 })),
    cacheDuration: withDefault(duration(), '300s'),
    failedRefetchDuration: duration(),
  },
  { rules: documentFetchRules },
);

const localJwks = named(
  'LocalJWKS',
  {
    type: withDefault(oneOf(['Inline', 'ValueRef']), 'Inline'),
    inline: string(),
    valueRef: localObjectReference,
  },
  { rules: memberRules({ Inline: 'inline', ValueRef: 'valueRef' }) },
);

const provider = named(
  'JWTProvider',
  {
    name: required(string({ minLength: 1, maxLength: 253 })),
    issuer: string({ maxLength: 253 }),
    audiences: array(string(), { maxItems: 8 }),
    remoteJWKS: remoteJwks,
    localJWKS: localJwks,
    claimToHeaders: array(named('ClaimToHeader', { header: required(string()), claim: required(string()) })),
    recomputeRoute: boolean(),
    extractFrom: named('JWTExtractor', {
      headers: array(named('JWTHeaderExtractor', { name: required(string()), valuePrefix: string() })),
      cookies: array(string()),
      params: array(string()),
    }),
  },
  {
    rules: [
      {
        rule: 'has(self.remoteJWKS) != has(self.localJWKS)',
        message: 'must have exactly one of remoteJWKS and localJWKS',
      },
      {
        rule: '!has(self.recomputeRoute) || !self.recomputeRoute || (has(self.claimToHeaders) && size(self.claimToHeaders) > 0)',
        message: 'must be absent or false unless claimToHeaders has an entry',
        fieldPath: ['recomputeRoute'],
      },
    ],
  },
);

/** Requests need a token that one of the providers signed. */
export const jwt = named(
  'JWT',
  {
    optional: boolean({ description: 'A request without a token passes; a bad token is refused all the same.' }),
    failOpen: boolean({ description: 'A request passes whatever its token is.' }),
    providers: required(array(provider, { minItems: 1, maxItems: 16 })),
  },
  {
    rules: [
      { rule: '!has(self.optional) || !has(self.failOpen)', message: 'must have optional or failOpen, not both' },
    ],
  },
);
