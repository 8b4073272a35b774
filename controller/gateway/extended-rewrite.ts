import type { HTTPRegexURLRewriteFilter, HTTPRouteFilter } from '#controller/api/gen/types.d.ts';
import type { HostChangeIr, RewriteIr, SubstitutionIr } from '../ir/route.ts';
import { substitutionProblem } from '../regex/problem.ts';
import { isWritableHeader } from '../resources/header-name.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** Translates `urlRewrite` of an HTTPRouteFilter. */
export function extendedRewrite(
  { metadata }: HTTPRouteFilter,
  { hostname, path, appendXForwardedHost = false }: HTTPRegexURLRewriteFilter,
): Outcome<RewriteIr> {
  const at = `HTTPRouteFilter ${metadata.namespace}/${metadata.name}: spec.urlRewrite`;
  const host = hostname === undefined ? undefined : hostChange(hostname);
  if (host?.ok === false) return refusal('UnsupportedValue', `${at}.hostname.${host.refusal.message}`);
  const replaced = path?.replaceRegexMatch;
  const change = replaced === undefined ? undefined : substitution(replaced);
  if (change?.ok === false) {
    return refusal('UnsupportedValue', `${at}.path.replaceRegexMatch.${change.refusal.message}`);
  }
  return success({
    host: host?.value,
    path: change?.value,
    ...(appendXForwardedHost ? { tellsHost: true } : {}),
  });
}

function hostChange({
  type,
  header,
  pathRegex,
}: NonNullable<HTTPRegexURLRewriteFilter['hostname']>): Outcome<HostChangeIr> {
  switch (type) {
    case 'Header':
      return header !== undefined && isWritableHeader(header)
        ? success({ kind: 'header', name: header.toLowerCase() })
        : refusal(
            'UnsupportedValue',
            `header: found ${JSON.stringify(header ?? '')}, accepted is the name of a header`,
          );
    case 'Backend':
      return success({ kind: 'endpoint' });
    case 'PathRegex': {
      const made = substitution(pathRegex ?? { pattern: '', substitution: '' });
      return made.ok
        ? success({ ...made.value, kind: 'path' })
        : refusal('UnsupportedValue', `pathRegex.${made.refusal.message}`);
    }
    default:
      return type satisfies never;
  }
}

function substitution(written: { readonly pattern: string; readonly substitution: string }): Outcome<SubstitutionIr> {
  const problem = substitutionProblem(written.pattern, written.substitution);
  return problem === undefined ? success({ kind: 'regex', ...written }) : refusal('UnsupportedValue', problem);
}
