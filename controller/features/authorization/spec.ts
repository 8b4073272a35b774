import type { Authorization, AuthorizationRule } from '#controller/api/gen/types.d.ts';
import type { AuthorizationIr, AuthorizationRuleIr } from '../../ir/authorization.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/**
 * Resolves `authorization` of a SecurityPolicy whose `jwt` has the given providers; messages start with the field.
 * Without `defaultAction` what no rule matches is denied.
 */
export function resolveAuthorization(
  spec: Authorization,
  providers: readonly string[],
): Outcome<AuthorizationIr, 'Invalid'> {
  const rules: AuthorizationRuleIr[] = [];
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    const path = `authorization.rules[${index}]`;
    const problem = unknownProvider(rule, path, providers);
    if (problem !== undefined) return refusal('Invalid', problem);
    rules.push(ruleIr(rule, index));
  }
  return success({ defaultAction: spec.defaultAction ?? 'Deny', rules });
}

function unknownProvider(
  { principal }: AuthorizationRule,
  path: string,
  providers: readonly string[],
): string | undefined {
  const provider = principal?.jwt?.provider;
  if (provider === undefined || providers.includes(provider)) return undefined;
  const known =
    providers.length === 0 ? 'the policy has no jwt providers' : `the providers of jwt are ${providers.join(', ')}`;
  return `${path}.principal.jwt.provider: found ${provider}, ${known}`;
}

function ruleIr({ name, action, principal }: AuthorizationRule, index: number): AuthorizationRuleIr {
  const jwt = principal?.jwt;
  return {
    name: name ?? String(index),
    action,
    jwt:
      jwt === undefined
        ? undefined
        : {
            provider: jwt.provider,
            scopes: jwt.scopes ?? [],
            claims: (jwt.claims ?? []).map((claim) => ({
              claim: claim.name.split('.'),
              type: claim.valueType,
              values: claim.values,
            })),
          },
  };
}
