import type { HeaderMatchIr, PathMatchIr, RouteMatchIr, ValueMatchIr } from '../../ir/route.ts';
import type { TextComparisonIr } from '../../ir/text-comparison.ts';
import type { Init } from './message.ts';

type RouteMatch = Init<'envoy.config.route.v3.RouteMatch'>;
type HeaderMatcher = Init<'envoy.config.route.v3.HeaderMatcher'>;
type StringMatcher = Init<'envoy.type.matcher.v3.StringMatcher'>;

/** Envoy's match of a route. */
export function routeMatch(match: RouteMatchIr): RouteMatch {
  const method: ValueMatchIr[] =
    match.method === undefined ? [] : [{ kind: 'exact', name: ':method', value: match.method }];
  return {
    pathSpecifier: pathSpecifier(match.path),
    headers: [...method, ...match.headers].map(headerMatcher),
    queryParameters: match.query.map((parameter) => ({
      name: parameter.name,
      queryParameterMatchSpecifier: { case: 'stringMatch', value: stringMatcher(parameter) },
    })),
    cookies: (match.cookies ?? []).map((cookie) => ({ name: cookie.name, stringMatch: stringMatcher(cookie) })),
  };
}

function pathSpecifier(path: PathMatchIr): NonNullable<RouteMatch['pathSpecifier']> {
  switch (path.kind) {
    case 'exact':
      if (hasLetterDigits(path.value)) return { case: 'safeRegex', value: { regex: anySpelling(path.value) } };
      return { case: 'path', value: path.value };
    case 'prefix': {
      // A trailing slash of a prefix has no meaning (Gateway API, PathMatchPathPrefix).
      const value = path.value.replace(/\/+$/u, '');
      if (hasLetterDigits(value)) return { case: 'safeRegex', value: { regex: `${anySpelling(value)}(?:/.*)?` } };
      return value === '' ? { case: 'prefix', value: '/' } : { case: 'pathSeparatedPrefix', value };
    }
    case 'regex':
      return { case: 'safeRegex', value: { regex: path.value } };
    default:
      return path satisfies never;
  }
}

/** What is percent-encoded with hexadecimal digits that are letters. */
const LETTER_DIGITS = /%(?:[A-Fa-f][0-9A-Fa-f]|[0-9][A-Fa-f])/gu;

/** Whether a path may be written in several ways: Envoy leaves the case of hexadecimal digits as it comes. */
function hasLetterDigits(path: string): boolean {
  return path.search(LETTER_DIGITS) >= 0;
}

/**
 * The regular expression (RE2) that matches just this path, whatever the case of its percent-encoded hexadecimal digits
 * (RFC 3986 section 6.2.2.1).
 */
export function anySpelling(path: string): string {
  const quoted = path.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`);
  const either = (letter: string): string => `[${letter.toUpperCase()}${letter.toLowerCase()}]`;
  return quoted.replaceAll(LETTER_DIGITS, (encoded) => encoded.replaceAll(/[A-Fa-f]/gu, either));
}

function headerMatcher(match: HeaderMatchIr): HeaderMatcher {
  const { name } = match;
  if (match.kind !== 'except')
    return { name, headerMatchSpecifier: { case: 'stringMatch', value: stringMatcher(match) } };
  const value = stringMatcher({ ...match, kind: 'regex' });
  // Without the last a header that is not there would be no match, inverted or not.
  return {
    name,
    headerMatchSpecifier: { case: 'stringMatch', value },
    invertMatch: true,
    treatMissingHeaderAsEmpty: true,
  };
}

function stringMatcher(match: ValueMatchIr): StringMatcher {
  switch (match.kind) {
    case 'exact':
      return { matchPattern: { case: 'exact', value: match.value } };
    case 'regex':
      return { matchPattern: { case: 'safeRegex', value: { regex: match.value } } };
    default:
      return match satisfies never;
  }
}

/** A comparison of a text. */
export function textMatcher({ kind, value }: TextComparisonIr): StringMatcher {
  switch (kind) {
    case 'exact':
      return { matchPattern: { case: 'exact', value } };
    case 'prefix':
      return { matchPattern: { case: 'prefix', value } };
    case 'suffix':
      return { matchPattern: { case: 'suffix', value } };
    case 'regex':
      return { matchPattern: { case: 'safeRegex', value: { regex: value } } };
    default:
      return kind satisfies never;
  }
}
