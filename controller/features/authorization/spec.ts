import type { Authorization, AuthorizationRule, JWTPrincipal } from '#controller/api/gen/types.d.ts';
import type { AuthorizationIr, AuthorizationRuleIr, JwtPrincipalIr } from '../../ir/authorization.ts';
import type { PathConditionIr } from '../../ir/match.ts';
import { RegexBudget } from '../../regex/automaton.ts';
import { handedOverName } from '../../resources/header-name.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { addressBlock, resolvePathMatch } from '../match/spec.ts';

/**
 * Resolves `authorization` of a SecurityPolicy whose `jwt` has the given providers; messages start with the field.
 * Without `defaultAction` what no rule matches is denied.
 */
export function resolveAuthorization(
  spec: Authorization,
  providers: readonly string[],
): Outcome<AuthorizationIr, 'Invalid'> {
  const rules: AuthorizationRuleIr[] = [];
  const budget = new RegexBudget();
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    const path = `authorization.rules[${index}]`;
    const problem = unknownProvider(rule, path, providers);
    if (problem !== undefined) return refusal('Invalid', problem);
    const pathMatch = rule.operation?.path === undefined ? undefined : resolvePathMatch(rule.operation.path, budget);
    if (pathMatch?.ok === false)
      return refusal('Invalid', `${path}.operation.path.value: ${pathMatch.refusal.message}`);
    rules.push(ruleIr(rule, index, pathMatch?.value));
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

function ruleIr(
  { name, action, principal, operation }: AuthorizationRule,
  index: number,
  path: PathConditionIr | undefined,
): AuthorizationRuleIr {
  const jwt = principal?.jwt;
  return {
    name: name ?? String(index),
    action,
    jwt: jwt === undefined ? undefined : jwtPrincipal(jwt),
    clients: principal?.clientCIDRs?.map(addressBlock),
    headers: (principal?.headers ?? []).map((header) => ({ name: handedOverName(header.name), values: header.values })),
    methods: operation?.methods,
    path,
  };
}

function jwtPrincipal({ provider, scopes, claims }: JWTPrincipal): JwtPrincipalIr {
  return {
    provider,
    scopes: scopes ?? [],
    claims: (claims ?? []).map((claim) => ({
      claim: claim.name.split('.'),
      type: claim.valueType,
      values: claim.values,
    })),
  };
}
