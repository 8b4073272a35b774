import type { AddressBlockIr, PathConditionIr } from './match.ts';

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
  /** The client's address must be in one of these; undefined for any address. */
  readonly clients: readonly AddressBlockIr[] | undefined;
  /** Each header (lower case) must have one of its values. */
  readonly headers: readonly { readonly name: string; readonly values: readonly string[] }[];
  /** Undefined for any method. */
  readonly methods: readonly string[] | undefined;
  readonly path: PathConditionIr | undefined;
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
