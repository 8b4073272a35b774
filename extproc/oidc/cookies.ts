/** One `name=value` of a request's cookies. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
}

/** Reads the `cookie` header of a request (RFC 6265 section 5.4): in order, a name that is there twice twice. */
export function parseCookies(header: string | undefined): readonly Cookie[] {
  if (header === undefined) return [];
  return header.split(';').flatMap((piece) => {
    const text = piece.trim();
    const equals = text.indexOf('=');
    return equals < 1 ? [] : [{ name: text.slice(0, equals), value: text.slice(equals + 1) }];
  });
}

/** Writes cookies as a request has them. */
export function cookieHeader(cookies: readonly Cookie[]): string {
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** What a browser is told of a cookie beside its value (RFC 6265 section 4.1.2). Scripts of a page never see it. */
export interface CookieAttributes {
  readonly path: string;
  /** Seconds; 0 deletes the cookie. */
  readonly maxAge: number;
  /** Empty: of the host alone. */
  readonly domain: string;
  /** Whether it is for https alone. */
  readonly secure: boolean;
  /** Empty: not said. */
  readonly sameSite: string;
}

/** Writes a value of `set-cookie`. */
export function setCookie(name: string, value: string, attributes: CookieAttributes): string {
  const { path, maxAge, domain, secure, sameSite } = attributes;
  return [
    `${name}=${value}`,
    `Path=${path}`,
    `Max-Age=${maxAge}`,
    ...(domain === '' ? [] : [`Domain=${domain}`]),
    ...(sameSite === '' ? [] : [`SameSite=${sameSite}`]),
    ...(secure ? ['Secure'] : []),
    'HttpOnly',
  ].join('; ');
}

/** What fits into one cookie: browsers take 4,096 bytes of name, value and attributes. */
const CHUNK = 3_800;

/** Cuts a value into cookies `<name>.0`, `<name>.1` and so on. */
export function chunked(name: string, value: string): readonly Cookie[] {
  const chunks: Cookie[] = [];
  for (let at = 0; at < value.length; at += CHUNK) {
    chunks.push({ name: `${name}.${chunks.length}`, value: value.slice(at, at + CHUNK) });
  }
  return chunks;
}

/** Joins what `chunked` cut; `undefined` where there is none. What is missing or there twice makes another value. */
export function joined(name: string, cookies: readonly Cookie[]): string | undefined {
  const values = new Map(cookies.map((cookie) => [cookie.name, cookie.value]));
  let value: string | undefined;
  for (let index = 0; ; index += 1) {
    const chunk = values.get(`${name}.${index}`);
    if (chunk === undefined) return value;
    value = (value ?? '') + chunk;
  }
}

/** Whether a cookie is a piece of the value under this name. */
export function isChunkOf(name: string, cookie: string): boolean {
  return cookie.startsWith(`${name}.`) && /^\d+$/u.test(cookie.slice(name.length + 1));
}
