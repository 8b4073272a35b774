/** A cookie as a browser keeps it. */
export interface KeptCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly host: string;
  /** The whole of `set-cookie`. */
  readonly text: string;
}

/** The cookies of a browser (RFC 6265 section 5), as far as tests need them. */
export class CookieJar {
  readonly #cookies = new Map<string, KeptCookie>();

  /** Takes what a host says. */
  take(host: string, setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const [pair = '', ...attributes] = text.split('; ');
      const equals = pair.indexOf('=');
      const path = attributes.find((one) => one.startsWith('Path='))?.slice('Path='.length) ?? '/';
      const cookie = { name: pair.slice(0, equals), value: pair.slice(equals + 1), path, host, text };
      const key = `${host}${path} ${cookie.name}`;
      if (attributes.includes('Max-Age=0')) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The `cookie` header for a URL; undefined when there is nothing to show. */
  header(url: URL): string | undefined {
    const shown = this.all.filter(({ host, path }) => host === url.host && isUnder(url.pathname, path));
    return shown.length === 0 ? undefined : shown.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  get all(): readonly KeptCookie[] {
    return [...this.#cookies.values()];
  }

  /** The cookies of a host whose names begin so. */
  named(host: string, prefix: string): readonly KeptCookie[] {
    return this.all.filter((cookie) => cookie.host === host && cookie.name.startsWith(prefix));
  }

  /** Puts a cookie in the place of the one of its name, or adds it. */
  put(cookie: KeptCookie): void {
    this.#cookies.set(`${cookie.host}${cookie.path} ${cookie.name}`, cookie);
  }

  /** Forgets the cookies whose names begin so. */
  drop(prefix: string): void {
    for (const [key, { name }] of this.#cookies) if (name.startsWith(prefix)) this.#cookies.delete(key);
  }
}

function isUnder(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(`${root}/`);
}
