import { createHash } from 'node:crypto';
import type { AuthorizationIr } from '../../ir/authorization.ts';
import type { JwtKeyIr, JwtProviderIr } from '../../ir/jwt.ts';
import type { Owner } from '../../policies/merge.ts';
import { compare } from '../../resources/resources.ts';

/** Name of the provider under which authorization knows sessions. */
export const SESSION_PROVIDER = 'oidc';
/** `iss` of every session; a contract with the sidecar. */
const ISSUER = 'sluice';

/** What sessions of a client are called: their audience, their cookies. */
export interface SessionNames {
  /** Of whom sealed texts are. */
  readonly seal: string;
  readonly audience: string;
  readonly session: string;
  readonly tokens: string;
  readonly flow: string;
  /** What is behind the names of cookies that users see. */
  readonly suffix: string;
}

/**
 * Names the sessions of a client. Routes whose policies take the same `oidc` from the same policy share logins and tokens;
 * sessions they share as far as they ask for the same claims.
 */
export function sessionNames(
  owner: Owner,
  client: { readonly issuer: string; readonly clientId: string },
  claims: readonly (readonly string[])[],
): SessionNames {
  const seal = `${owner.namespace}/${owner.name}#${digest([client.issuer, client.clientId])}`;
  const audience = `${seal}#${digest(claims)}`;
  const suffix = digest(seal).slice(0, 8);
  return {
    seal,
    audience,
    session: `sluice-session-${suffix}-${digest(audience).slice(0, 8)}`,
    tokens: `sluice-tokens-${suffix}`,
    flow: `sluice-flow-${suffix}`,
    suffix,
  };
}

/** A provider of the `policy` filter that accepts the sessions of these names. */
export function sessionProvider(names: SessionNames, keys: readonly JwtKeyIr[], name: string): JwtProviderIr {
  return {
    name,
    issuer: ISSUER,
    audiences: [names.audience],
    keys,
    claimToHeaders: [],
    sources: [{ kind: 'cookie', name: names.session }],
  };
}

/** The claims that a policy asks of sessions under these names of providers, each once, in order. */
export function sessionClaims(
  providers: readonly string[],
  authorization: AuthorizationIr | undefined,
  headers: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const asked = (authorization?.rules ?? []).flatMap(({ jwt }) => {
    if (jwt === undefined || !providers.includes(jwt.provider)) return [];
    const scopes = jwt.scopes.length === 0 ? [] : [['scope'], ['scp']];
    return [...jwt.claims.map(({ claim }) => claim), ...scopes];
  });
  const byText = new Map([...asked, ...headers].map((claim) => [JSON.stringify(claim), claim]));
  return [...byText].sort(([a], [b]) => compare(a, b)).map(([, claim]) => claim);
}

/** Half of a SHA-256 of a value, hexadecimal. */
export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32);
}
