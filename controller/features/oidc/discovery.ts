import { isObject } from '#controller/api/compile.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { DocumentAnswer, DiscoveryWant, Via } from '../../resources/wants.ts';

/** What an OpenID provider says of itself (OpenID Connect Discovery 1.0 section 3), as far as logins need it. */
export interface DiscoveredProvider {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Where users log out of the provider (OpenID Connect RP-Initiated Logout 1.0). */
  readonly endSessionEndpoint: string | undefined;
  /** Where its keys are. */
  readonly jwksUri: string;
}

type Discovered = Outcome<DiscoveredProvider, 'Invalid'>;

/** Providers move rarely, and who moves serves the old place for a while. Milliseconds. */
const REFRESH = 3_600_000;
const RETRY = 1_000;

/** Finds out the endpoints of an issuer; asks for its discovery document. Messages start with `at`, the issuer's field. */
export function discoverProvider(
  issuer: string,
  at: string,
  resources: Resources,
  via?: Via,
): Outcome<DiscoveredProvider, 'Invalid' | 'Pending'> {
  const url = URL.parse(issuer);
  if (url === null || !isWeb(url) || url.search !== '' || url.hash !== '') {
    return refusal('Invalid', `${at}: found ${issuer}, accepted is an http or https URL without query and fragment`);
  }
  const want: DiscoveryWant = {
    kind: 'Discovery',
    issuer,
    url: `${issuer.replace(/\/$/u, '')}/.well-known/openid-configuration`,
    ...(via === undefined ? {} : { via }),
    refresh: REFRESH,
    retry: RETRY,
  };
  const answer = resources.document(want);
  if (answer !== undefined) return providerOf(answer, issuer);
  return refusal('Pending', `${at}: ${resources.failure(want) ?? `${want.url} has not been fetched yet`}`);
}

const known = new WeakMap<DocumentAnswer, Discovered>();

function providerOf(answer: DocumentAnswer, issuer: string): Discovered {
  switch (answer.kind) {
    case 'document': {
      const found = known.get(answer) ?? parseDiscovery(answer.text, issuer);
      known.set(answer, found);
      return found;
    }
    case 'assumed': {
      const base = issuer.replace(/\/$/u, '');
      return success({
        authorizationEndpoint: `${base}/authorize`,
        tokenEndpoint: `${base}/token`,
        endSessionEndpoint: undefined,
        jwksUri: `${base}/keys`,
      });
    }
    default:
      return answer satisfies never;
  }
}

/**
 * Reads a discovery document, which must be of the issuer that was asked, to the letter (OpenID Connect Discovery 1.0
 * section 4.3, RFC 8414 section 3.3): else who can answer for one issuer could pose as another. What belongs to an issuer of
 * https is not sent in the clear.
 */
export function parseDiscovery(text: string, issuer: string): Discovered {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refusal('Invalid', 'is not JSON');
  }
  if (!isObject(json)) return refusal('Invalid', 'is not a JSON object');
  if (json['issuer'] !== issuer) {
    return refusal('Invalid', `issuer: found ${JSON.stringify(json['issuer'])}, accepted is ${JSON.stringify(issuer)}`);
  }
  const isSecure = issuer.startsWith('https:');
  const wrong = ENDPOINTS.find(({ name, isNeeded }) => {
    const value = json[name];
    return value === undefined || value === null ? isNeeded : !isEndpoint(value, isSecure);
  });
  if (wrong !== undefined) {
    const found = JSON.stringify(json[wrong.name]) ?? 'none';
    return refusal('Invalid', `${wrong.name}: found ${found}, accepted is ${isSecure ? 'an https' : 'a'} URL`);
  }
  const urlOf = (name: string): string => String(json[name]);
  const end = json['end_session_endpoint'];
  return success({
    authorizationEndpoint: urlOf('authorization_endpoint'),
    tokenEndpoint: urlOf('token_endpoint'),
    endSessionEndpoint: typeof end === 'string' ? end : undefined,
    jwksUri: urlOf('jwks_uri'),
  });
}

const ENDPOINTS = [
  { name: 'authorization_endpoint', isNeeded: true },
  { name: 'token_endpoint', isNeeded: true },
  { name: 'jwks_uri', isNeeded: true },
  { name: 'end_session_endpoint', isNeeded: false },
] as const;

function isEndpoint(value: unknown, isSecure: boolean): boolean {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  return url !== null && isWeb(url) && (!isSecure || url.protocol === 'https:');
}

function isWeb(url: URL): boolean {
  return /^https?:$/u.test(url.protocol) && url.username === '' && url.password === '';
}
