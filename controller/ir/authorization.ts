/** Authorization of one route: the first rule that matches decides, else `defaultAction`. */
export interface AuthorizationIr {
  readonly defaultAction: AuthorizationActionIr;
  readonly rules: readonly AuthorizationRuleIr[];
}

/** What is done with a request. */
export type AuthorizationActionIr = 'Allow' | 'Deny';

/** Matches when everything that is set in it matches. */
export interface AuthorizationRuleIr {
  readonly name: string;
  readonly action: AuthorizationActionIr;
  readonly jwt: JwtPrincipalIr | undefined;
}

/** A token that `provider` has verified, with these claims and scopes. */
export interface JwtPrincipalIr {
  readonly provider: string;
  readonly claims: readonly ClaimMatchIr[];
  readonly scopes: readonly string[];
}

/** A claim that must equal one of `values`; of an array one element must. */
export interface ClaimMatchIr {
  readonly claim: readonly string[];
  readonly type: 'String' | 'StringArray';
  readonly values: readonly string[];
}
