import { BlockList, isIP } from 'node:net';
import type { OIDCProvider } from '#controller/api/gen/types.d.ts';
import type { OidcProviderIr } from '../../ir/oidc.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import { fetchedFrom, resolveVia, type ViaContext } from '../fetch-via.ts';
import { discoverProvider } from './discovery.ts';

type Provider = Outcome<OidcProviderIr, 'Invalid' | 'Pending'>;

/**
 * Resolves the endpoints of a provider: those that the policy states, and the others, and its keys, from its discovery
 * document, which is asked for only where the policy leaves out one that a login needs. With `backendRefs` all but the browser
 * asks there. Tokens do not go in the clear: URLs
 * of http are accepted on this machine alone.
 */
export function resolveProvider(spec: OIDCProvider, at: string, context: ViaContext): Provider {
  const { issuer, authorizationEndpoint, tokenEndpoint, endSessionEndpoint } = spec;
  const refs = fetchedFrom(spec);
  const asked = [issuer, ...(tokenEndpoint === undefined ? [] : [tokenEndpoint])];
  const via = refs === undefined ? undefined : resolveVia(refs, asked, `${at}.backendRefs`, context);
  if (via?.ok === false) return via;
  const stated = { issuer, authorizationEndpoint, tokenEndpoint, endSessionEndpoint };
  for (const [name, url] of Object.entries(stated)) {
    const wrong = url === undefined ? undefined : urlProblem(url);
    if (wrong !== undefined) return refusal('Invalid', `${at}.${name}: ${wrong}`);
  }
  if (authorizationEndpoint !== undefined && tokenEndpoint !== undefined) {
    return success({
      issuer,
      authorizationEndpoint,
      tokenEndpoint,
      endSessionEndpoint,
      jwksUri: undefined,
      via: via?.value,
    });
  }
  const found = discoverProvider(issuer, `${at}.issuer`, context.resources, via?.value);
  if (!found.ok) return found;
  const discovered = found.value;
  for (const [name, url] of Object.entries(discovered)) {
    const wrong = url === undefined ? undefined : urlProblem(url);
    if (wrong !== undefined) return refusal('Invalid', `${at}.issuer: its discovery document: ${name}: ${wrong}`);
  }
  return success({
    issuer,
    authorizationEndpoint: authorizationEndpoint ?? discovered.authorizationEndpoint,
    tokenEndpoint: tokenEndpoint ?? discovered.tokenEndpoint,
    endSessionEndpoint: endSessionEndpoint ?? discovered.endSessionEndpoint,
    jwksUri: discovered.jwksUri,
    via: via?.value,
  });
}

function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  const isWeb = url !== null && url.username === '' && url.password === '' && url.hash === '';
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isThisMachine(url.hostname));
  return isWeb && isSafe ? undefined : `found ${text}, accepted is an https URL, or an http URL of this machine`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && LOOPBACK.check(host, 'ipv4'));
}
