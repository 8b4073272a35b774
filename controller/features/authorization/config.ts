import { enumMembers } from '#proto/load.ts';
import type { AuthorizationIr, AuthorizationRuleIr, JwtPrincipalIr } from '../../ir/authorization.ts';
import type { Init } from '../../xds/build/message.ts';
import { addressBlockConfig, pathMatchConfig } from '../match/config.ts';

const { ALLOW, DENY } = enumMembers('sluice.filter.v1.AuthorizationAction');
const { STRING, STRING_ARRAY } = enumMembers('sluice.filter.v1.ClaimType');
const AUTHORIZATION_ACTION = { Allow: ALLOW, Deny: DENY } as const;
const CLAIM_TYPE = { String: STRING, StringArray: STRING_ARRAY } as const;

/** Authorization as the filter reads it. */
export function authorizationConfig(ir: AuthorizationIr): Init<'sluice.filter.v1.Authorization'> {
  return { defaultAction: AUTHORIZATION_ACTION[ir.defaultAction], rules: ir.rules.map(rule) };
}

function rule(ir: AuthorizationRuleIr): Init<'sluice.filter.v1.AuthorizationRule'> {
  const { name, action, jwt, clients, headers, methods, path } = ir;
  return {
    name,
    action: AUTHORIZATION_ACTION[action],
    clients: (clients ?? []).map(addressBlockConfig),
    headers: headers.map((header) => ({ name: header.name, values: [...header.values] })),
    methods: [...(methods ?? [])],
    ...(jwt === undefined ? {} : { jwt: principal(jwt) }),
    ...(path === undefined ? {} : { path: pathMatchConfig(path) }),
  };
}

function principal({ provider, scopes, claims }: JwtPrincipalIr): Init<'sluice.filter.v1.JwtPrincipal'> {
  return {
    provider,
    scopes: [...scopes],
    claims: claims.map(({ claim, type, values }) => ({
      claim: [...claim],
      type: CLAIM_TYPE[type],
      values: [...values],
    })),
  };
}
