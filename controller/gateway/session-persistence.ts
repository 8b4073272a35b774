import type { SessionPersistence } from '#controller/api/gen/types.d.ts';
import type { SessionIr } from '../ir/session.ts';
import type { PathMatchIr } from '../ir/route.ts';
import { milliseconds } from '../resources/duration.ts';
import { isWritableHeader } from '../resources/header-name.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** A rule of a route, for the name of a session that has none. */
interface Place {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly rule: number;
}

/** RFC 6265 section 4.1.1: the name of a cookie. */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u;

/**
 * Translates `sessionPersistence` of a rule (Gateway API, GEP-1619). The path of a cookie is that of the match.
 *
 * An `absoluteTimeout` is kept by a cookie that lasts no longer: one of lifetime Session with it outlives its browser, too.
 * A header cannot keep it.
 */
export function sessionOf(
  { type, sessionName, absoluteTimeout, cookieConfig }: SessionPersistence,
  { kind, namespace, name: route, rule }: Place,
): Outcome<SessionIr> {
  const name = sessionName ?? `${kind.toLowerCase()}-${namespace}-${route}-rule-${rule}`;
  const lifetime = milliseconds(absoluteTimeout);
  const found = `found ${JSON.stringify(name)}, accepted is`;
  const unsupported = (message: string) => refusal('UnsupportedValue', `sessionPersistence.${message}`);
  switch (type) {
    case 'Cookie': {
      if (!COOKIE_NAME.test(name)) return unsupported(`sessionName: ${found} the name of a cookie (RFC 6265)`);
      // Cookies last whole seconds, and Envoy takes 0 for none.
      if (lifetime !== undefined && lifetime < 1000) {
        return unsupported(`absoluteTimeout: found ${absoluteTimeout}, accepted is no less than 1s`);
      }
      const isPermanent = cookieConfig?.lifetimeType === 'Permanent';
      if (isPermanent && lifetime === undefined)
        return unsupported('absoluteTimeout: found none, a Permanent cookie has one');
      return success({ kind: 'cookie', name, lifetime, path: '/' });
    }
    case 'Header':
      if (!isWritableHeader(name)) return unsupported(`sessionName: ${found} the name of a header, not of framing`);
      if (lifetime !== undefined) return unsupported('absoluteTimeout: accepted for type Cookie alone');
      return success({ kind: 'header', name: name.toLowerCase() });
    default:
      return type satisfies never;
  }
}

/** The session on a route with this match (GEP-1619, "Path"). */
export function sessionAt(session: SessionIr, path: PathMatchIr): SessionIr {
  return session.kind === 'header' ? session : { ...session, path: cookiePath(path) };
}

function cookiePath({ kind, value }: PathMatchIr): string {
  switch (kind) {
    case 'exact':
    case 'prefix':
      return value === '' ? '/' : value;
    case 'regex': {
      // Whole path elements at its beginning that are no regular expression.
      const literal = /^\^?((?:\/[\w\-~%]+)+)(?=\/|\$?$)/u.exec(value)?.[1];
      return literal ?? '/';
    }
    default:
      return kind satisfies never;
  }
}
