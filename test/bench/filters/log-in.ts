const MOST_REDIRECTS = 10;

/**
 * Logs in as a browser would that is sent from one place to the next: gives the `cookie` header by which the origin of `start` knows
 * it afterwards. Throws when the last answer is another one than that of `start` itself.
 */
export async function logIn(start: string, status: number): Promise<string> {
  const jars = new Map<string, Map<string, string>>();
  let url = new URL(start);
  for (let count = 0; count < MOST_REDIRECTS; count += 1) {
    const jar = jars.get(url.origin) ?? new Map<string, string>();
    jars.set(url.origin, jar);
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie: cookieOf(jar) } });
    await answer.arrayBuffer();
    for (const cookie of answer.headers.getSetCookie()) keep(jar, cookie);
    const location = answer.headers.get('location');
    const isBack = url.href === start && jar.size > 0 && count > 0;
    if (isBack && answer.status === status) return cookieOf(jar);
    if (location === null) throw new Error(`${url.href} answers ${answer.status}, and leads nowhere`);
    url = new URL(location, url);
  }
  throw new Error(`${start} leads to ${url.href} after ${MOST_REDIRECTS} redirects`);
}

function keep(jar: Map<string, string>, cookie: string): void {
  const [pair = '', ...attributes] = cookie.split(/; */u);
  const equals = pair.indexOf('=');
  const name = pair.slice(0, equals);
  if (attributes.some((text) => /^max-age=0$|^expires=thu, 01 jan 1970/iu.test(text))) jar.delete(name);
  else jar.set(name, pair.slice(equals + 1));
}

function cookieOf(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}
