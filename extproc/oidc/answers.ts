import { type Respond, respondWith } from '../processor/results.ts';

/** Sends a browser elsewhere; nobody may keep the answer. */
export function redirect(location: string, setCookies: readonly string[]): Respond {
  return respondWith({
    status: 302,
    headers: { location, 'cache-control': 'no-store', 'set-cookie': setCookies },
    details: 'sluice_oidc_redirect',
  });
}

/**
 * Sends a browser elsewhere by a page. It then counts as sent from here, and the browser shows cookies that are for requests
 * from the same site alone, which after a redirect from the provider it does not (RFC 6265bis section 5.2).
 */
export function redirectByPage(location: string, setCookies: readonly string[]): Respond {
  const url = location.replaceAll(/[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);
  return respondWith({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'set-cookie': setCookies },
    body: `<!doctype html><meta http-equiv="refresh" content="0; url=${url}"><title>Logged in</title>\n`,
    details: 'sluice_oidc_redirect',
  });
}

/** Refuses a request that has no session, and tells scripts so. */
export function unauthorized(body: string, setCookies: readonly string[]): Respond {
  return respondWith({
    status: 401,
    headers: { 'cache-control': 'no-store', 'set-cookie': setCookies },
    body,
    details: 'sluice_oidc_unauthorized',
  });
}

/** Says that it cannot be decided now; what the browser has it keeps. */
export function unavailable(body: string): Respond {
  return respondWith({
    status: 503,
    headers: { 'cache-control': 'no-store' },
    body,
    details: 'sluice_oidc_unavailable',
  });
}
