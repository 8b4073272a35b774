import { type Outcome, refusal, success } from '../resources/verdict.ts';

const ACCEPTED = 'accepted is the address of one Redis: HOST:PORT, or redis:// or rediss:// and that, without a list';

/**
 * The URL of a Redis from its address: "host:port", as Envoy Gateway writes it, or a URL with `redis:` or `rediss:`. With `tls`
 * it is a `rediss:` one whatever was written. Nothing of what was found is in a message: it may hold a password.
 */
export function redisUrl(address: string, tls: boolean): Outcome<string, 'NoRedis'> {
  const text = address.trim();
  const isUrl = /^rediss?:\/\//u.test(text);
  if (text.includes(',')) return refusal('NoRedis', `found several addresses, ${ACCEPTED}`);
  if (!isUrl && !/^[^@/?#]+:\d{1,5}$/u.test(text)) return refusal('NoRedis', ACCEPTED);
  const url = isUrl ? text : `redis://${text}`;
  if (!isUsable(url)) return refusal('NoRedis', ACCEPTED);
  return success(tls ? url.replace(/^redis:/u, 'rediss:') : url);
}

/** Whether a client can read it whole: a password with a stray "%" would keep it from being read at all. */
function isUsable(text: string): boolean {
  try {
    const { hostname, username, password, pathname } = new URL(text);
    decodeURIComponent(username);
    decodeURIComponent(password);
    return hostname !== '' && /^\/?\d*$/u.test(pathname);
  } catch {
    return false;
  }
}
