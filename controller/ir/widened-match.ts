import type { RouteMatchIr } from './route.ts';

/**
 * A match without its regular expressions, which are what a proxy may not take: it matches more, so that what answers with an
 * error in its place closes more and opens nothing.
 */
export function widenedMatch(match: RouteMatchIr): RouteMatchIr {
  const { path, headers, query, cookies = [] } = match;
  return {
    ...match,
    path: path.kind === 'regex' ? { kind: 'prefix', value: literalPrefix(path.value) } : path,
    headers: headers.filter(({ kind }) => kind === 'exact'),
    query: query.filter(({ kind }) => kind === 'exact'),
    cookies: cookies.filter(({ kind }) => kind === 'exact'),
  };
}

/** The path elements that a regular expression begins with, as far as they are plain text. */
function literalPrefix(regex: string): string {
  const plain = /^[\w/-]*/u.exec(regex.replace(/^\^/u, ''))?.[0] ?? '';
  return plain.slice(0, plain.lastIndexOf('/') + 1) || '/';
}
