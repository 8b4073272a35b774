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
      return { case: 'path', value: path.value };
    case 'prefix': {
      // A trailing slash of a prefix has no meaning (Gateway API, PathMatchPathPrefix).
      const value = path.value.replace(/\/+$/u, '');
      return value === '' ? { case: 'prefix', value: '/' } : { case: 'pathSeparatedPrefix', value };
    }
    case 'regex':
      return { case: 'safeRegex', value: { regex: path.value } };
    default:
      return path satisfies never;
  }
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
