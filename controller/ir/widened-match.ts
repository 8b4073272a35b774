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

/**
 * The path elements that everything which a regular expression may match begins with, as far as they are plain text; "/" where
 * there are none. The expression may be one that nobody can read: in doubt fewer.
 */
function literalPrefix(regex: string): string {
  const alternatives = alternativesOf(regex);
  // Flags that are set in one alternative are set in those after it, too.
  if (alternatives.length > 1 && FLAGS.test(regex)) return '/';
  const text = alternatives.map(literalText).reduce(sharedStart);
  return text.slice(0, text.lastIndexOf('/') + 1) || '/';
}

const FLAGS = /\(\?[a-z-]+\)/iu;

/**
 * The alternatives of a whole expression, with "." for what is not plain text in them. Where brackets do not pair up simply,
 * those of its groups are taken for its own: of more alternatives the shared start is shorter, never longer.
 */
function alternativesOf(regex: string): readonly string[] {
  if (regex.includes(QUOTE)) return regex.split('|');
  let text = regex.replace(/\\./gsu, '.').replace(/\[\^?[^[\]]*\]/gu, '.');
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(/\([^()]*\)/gu, '.');
  }
  return (/[[\]()\\]/u.test(text) ? regex : text).split('|');
}

/** Begins text in which no character has a meaning (RE2). */
const QUOTE = String.raw`\Q`;

/** The plain text that an alternative begins with. */
function literalText(alternative: string): string {
  const text = alternative.replace(/^\^/u, '');
  const plain = /^[\w/-]*/u.exec(text)?.[0] ?? '';
  // Of what may be repeated no times at all the character before it is a part.
  return /^[?*{]/u.test(text.slice(plain.length)) ? plain.slice(0, -1) : plain;
}

function sharedStart(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return one.slice(0, length);
}
