import { enumMembers } from '#proto/load.ts';
import type { AuthorizationIr, AuthorizationRuleIr } from '../../ir/authorization.ts';
import type { Init } from '../../xds/build/message.ts';

const { ALLOW, DENY } = enumMembers('sluice.filter.v1.AuthorizationAction');
const { STRING, STRING_ARRAY } = enumMembers('sluice.filter.v1.ClaimType');
const AUTHORIZATION_ACTION = { Allow: ALLOW, Deny: DENY } as const;
const CLAIM_TYPE = { String: STRING, StringArray: STRING_ARRAY } as const;

/** Authorization as the filter reads it. */
export function authorizationConfig(ir: AuthorizationIr): Init<'sluice.filter.v1.Authorization'> {
  return { defaultAction: AUTHORIZATION_ACTION[ir.defaultAction], rules: ir.rules.map(rule) };
}

function rule(ir: AuthorizationRuleIr): Init<'sluice.filter.v1.AuthorizationRule'> {
  const { name, action, jwt } = ir;
  if (jwt === undefined) return { name, action: AUTHORIZATION_ACTION[action] };
  return {
    name,
    action: AUTHORIZATION_ACTION[action],
    jwt: {
      provider: jwt.provider,
      scopes: [...jwt.scopes],
      claims: jwt.claims.map(({ claim, type, values }) => ({
        claim: [...claim],
        type: CLAIM_TYPE[type],
        values: [...values],
      })),
    },
  };
}
