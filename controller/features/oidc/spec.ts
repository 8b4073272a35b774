import type { OIDC, OIDCDenyRedirectHeader } from '#controller/api/gen/types.d.ts';
import type { AuthorizationIr } from '../../ir/authorization.ts';
import type { JwtIr, JwtKeyIr } from '../../ir/jwt.ts';
import type { HeaderTestIr, OidcClientIr, OidcCookiesIr, OidcIr } from '../../ir/oidc.ts';
import type { Owner } from '../../policies/merge.ts';
import { RegexBudget } from '../../regex/automaton.ts';
import { parseDuration } from '../../resources/duration.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { resolveProvider } from './endpoints.ts';
import { resolveRedirectUrl } from './redirect-url.ts';
import { secretText } from './secret.ts';
import {
  digest,
  SESSION_PROVIDER,
  sessionClaims,
  type SessionNames,
  sessionNames,
  sessionProvider,
} from './session.ts';
import { type SessionTokens, sessionTokens } from './session-tokens.ts';

/** Where an `oidc` stands. */
export interface OidcPlace {
  /** The policy that says it. */
  readonly owner: Owner;
  /** The namespace in which references of a part of it are resolved. */
  readonly namespaceOf: (part: object) => string;
  readonly jwt: JwtIr | undefined;
  readonly authorization: AuthorizationIr | undefined;
  /** The keys that verify sessions. */
  readonly sessionKeys: readonly JwtKeyIr[];
  readonly resources: Resources;
  readonly settings: Settings;
}

/** Login on a route, and the `jwt` of the policy with what of it is about sessions. */
export interface ResolvedOidc {
  readonly oidc: OidcIr;
  readonly jwt: JwtIr | undefined;
}

/** Where users log out, and how long things are good, when a policy does not say (Envoy Gateway, `oidc`). Seconds. */
const LOGOUT_PATH = '/logout';
const FLOW_TTL = 600;
const REFRESH_TTL = 604_800;

type Resolved = Outcome<ResolvedOidc, 'Invalid' | 'Pending'>;

/** Resolves `oidc` of a SecurityPolicy; messages start with the field. */
export function resolveOidc(spec: OIDC, place: OidcPlace): Resolved {
  const { resources, settings } = place;
  // First what asks: it asks whatever else is wrong.
  const provider = resolveProvider(spec.provider, 'oidc.provider', {
    namespace: place.namespaceOf(spec.provider),
    resources,
    settings,
  });
  const credentials = resolveCredentials(spec, place);
  if (!credentials.ok) return credentials;
  const redirect = resolveRedirectUrl(spec.redirectURL);
  if (!redirect.ok) return refusal('Invalid', `oidc.redirectURL: ${redirect.refusal.message}`);
  const logoutPath = spec.logoutPath ?? LOGOUT_PATH;
  const problem = pathProblem(logoutPath, redirect.value.path) ?? fieldProblem(spec, place);
  if (problem !== undefined) return refusal('Invalid', problem);
  const denyRedirect = resolveDenyRedirect(spec.denyRedirect?.headers ?? []);
  if (!denyRedirect.ok) return denyRedirect;
  const { issuer } = spec.provider;
  const tokens = sessionTokens(spec, credentials.value.clientId, place.jwt);
  if (!tokens.ok) return tokens;
  const names = namesOf(spec, credentials.value.clientId, place, tokens.value);
  if (!provider.ok) return provider;
  const client: Omit<OidcClientIr, 'id' | 'clientSecret'> = {
    provider: { ...provider.value, issuer },
    clientId: credentials.value.clientId,
    scopes: scopesOf(spec.scopes),
    resources: spec.resources ?? [],
    redirectUrl: redirect.value.template,
    callbackPath: redirect.value.path,
    logoutPath,
    cookies: cookies(spec, names),
    session: {
      audience: names.audience,
      seal: names.seal,
      claims: claimsOf(place, tokens.value),
      defaultTtl: secondsOf(spec.defaultTokenTTL, 0),
      refresh: spec.refreshToken,
      defaultRefreshTtl: secondsOf(spec.defaultRefreshTokenTTL, REFRESH_TTL),
    },
    forwardAccessToken: spec.forwardAccessToken ?? false,
    idTokenHeader: spec.forwardIDToken?.header.toLowerCase(),
    denyRedirect: denyRedirect.value,
    flowTtl: secondsOf(spec.csrfTokenTTL, FLOW_TTL),
  };
  const { namespace, name } = place.owner;
  return success({
    oidc: {
      // The secret is no part of the name, which everybody sees.
      client: { ...client, id: `${namespace}/${name}/${digest(client)}`, clientSecret: credentials.value.clientSecret },
      session: sessionProvider(names, place.sessionKeys, sessionName(place.jwt)),
      passThroughTokens: spec.passThroughAuthHeader ?? false,
    },
    jwt: tokens.value.withSessions(names, place.sessionKeys),
  });
}

function resolveCredentials(
  spec: OIDC,
  { namespaceOf, resources }: OidcPlace,
): Outcome<{ readonly clientId: string; readonly clientSecret: string }, 'Invalid'> {
  const { clientID, clientIDRef, clientSecret } = spec;
  const secretOf = (ref: OIDC['clientSecret'], key: string, at: string): Outcome<string, 'Invalid'> =>
    secretText(ref, key, at, namespaceOf(ref), resources);
  const id =
    clientIDRef === undefined ? success(clientID ?? '') : secretOf(clientIDRef, 'client-id', 'oidc.clientIDRef');
  if (!id.ok) return id;
  const secret = secretOf(clientSecret, 'client-secret', 'oidc.clientSecret');
  return secret.ok ? success({ clientId: id.value, clientSecret: secret.value }) : secret;
}

function pathProblem(logoutPath: string, callbackPath: string): string | undefined {
  if (!logoutPath.startsWith('/') || /[?#]/u.test(logoutPath)) {
    return `oidc.logoutPath: found ${logoutPath}, accepted is a path that begins with a slash, without a query`;
  }
  if (logoutPath !== callbackPath) return undefined;
  return `oidc.logoutPath: found ${logoutPath}, which is the path of redirectURL`;
}

/** What a name of a cookie may be (RFC 6265 section 4.1.1). */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;

function fieldProblem(spec: OIDC, { jwt }: OidcPlace): string | undefined {
  if (spec.passThroughAuthHeader === true && jwt === undefined) {
    return 'oidc.passThroughAuthHeader: found true, which needs a jwt that judges the tokens';
  }
  if (spec.passThroughAuthHeader === true && jwt?.failOpen === true) {
    return 'oidc.passThroughAuthHeader: found true beside jwt.failOpen: any token at all would do instead of a login';
  }
  for (const [field, name] of Object.entries(spec.cookieNames ?? {})) {
    if (name === undefined || (COOKIE_NAME.test(name) && !name.startsWith('sluice-'))) continue;
    return `oidc.cookieNames.${field}: found ${name}, accepted is the name of a cookie that does not begin with sluice-`;
  }
  return undefined;
}

function namesOf(spec: OIDC, clientId: string, place: OidcPlace, tokens: SessionTokens): SessionNames {
  return sessionNames(place.owner, { issuer: spec.provider.issuer, clientId }, claimsOf(place, tokens));
}

function claimsOf({ authorization, jwt }: OidcPlace, tokens: SessionTokens): readonly (readonly string[])[] {
  return sessionClaims([sessionName(jwt), ...tokens.providers], authorization, tokens.headerClaims);
}

/** What authorization calls the session; nothing where a provider of `jwt` has that name. */
function sessionName(jwt: JwtIr | undefined): string {
  return jwt?.providers.some(({ name }) => name === SESSION_PROVIDER) === true ? '' : SESSION_PROVIDER;
}

function scopesOf(scopes: readonly string[] = []): readonly string[] {
  return scopes.includes('openid') ? scopes : ['openid', ...scopes];
}

function cookies(spec: OIDC, { session, tokens, flow, suffix }: SessionNames): OidcCookiesIr {
  const isPlain = spec.disableTokenEncryption === true;
  return {
    session,
    tokens,
    flow,
    domain: spec.cookieDomain,
    sameSite: spec.cookieConfig?.sameSite,
    plainAccessToken: isPlain ? (spec.cookieNames?.accessToken ?? `AccessToken-${suffix}`) : undefined,
    plainIdToken: isPlain ? (spec.cookieNames?.idToken ?? `IdToken-${suffix}`) : undefined,
  };
}

function secondsOf(duration: string | undefined, otherwise: number): number {
  return duration === undefined ? otherwise : Math.ceil(parseDuration(duration) / 1000);
}

function resolveDenyRedirect(headers: readonly OIDCDenyRedirectHeader[]): Outcome<readonly HeaderTestIr[], 'Invalid'> {
  const tests: HeaderTestIr[] = [];
  const budget = new RegexBudget();
  for (const [index, { name, type, value }] of headers.entries()) {
    if (type === 'RegularExpression') {
      const automaton = budget.compile(value);
      const at = `oidc.denyRedirect.headers[${index}].value`;
      if (!automaton.ok) return refusal('Invalid', `${at}: ${automaton.refusal.message}`);
      tests.push({ name: name.toLowerCase(), match: { kind: 'regex', automaton: automaton.value } });
    } else {
      tests.push({ name: name.toLowerCase(), match: { kind: COMPARISON[type], value } });
    }
  }
  return success(tests);
}

const COMPARISON = { Exact: 'exact', Prefix: 'prefix', Suffix: 'suffix' } as const;
