import { type Outcome, refusal, success } from '../../resources/verdict.ts';

/** Where a provider sends users back to when the policy does not say (Envoy Gateway, `oidc.redirectURL`). */
const DEFAULT = '%REQ(x-forwarded-proto)%://%REQ(:authority)%/oauth2/callback';

/** A redirect URL, which may hold %REQ(name)%, and its path. */
export interface RedirectUrl {
  readonly template: string;
  readonly path: string;
}

/** Resolves the redirect URL of a policy. Its path is the policy's alone, so that it is neither the root nor changed by a request. */
export function resolveRedirectUrl(text: string = DEFAULT): Outcome<RedirectUrl, 'Invalid'> {
  // As long as the scheme and the host are something, it does not matter what.
  const example = text
    .replace(/^%REQ\(x-forwarded-proto\)%(?=:\/\/)/iu, 'https')
    .replace(/^(https?:\/\/)%REQ\(:authority\)%(?=\/)/iu, '$1host.example');
  const url = URL.parse(example);
  const isWeb = url !== null && /^https?:$/u.test(url.protocol) && url.username === '' && url.password === '';
  if (!isWeb || example.includes('%REQ(') || url.search !== '' || url.hash !== '' || url.pathname === '/') {
    return refusal(
      'Invalid',
      `found ${text}, accepted is an http or https URL with a path and without a query, in which %REQ(x-forwarded-proto)% may be the scheme and %REQ(:authority)% the host`,
    );
  }
  return success({ template: text, path: url.pathname });
}
