/**
 * A path as requests have it when they are matched: what need not be percent-encoded is not, since Envoy normalises it so
 * (RFC 3986 section 6.2.2.2). Written otherwise it would never match.
 */
export function decodeUnreserved(path: string): string {
  return path.replaceAll(/%[0-9A-Fa-f]{2}/gu, (encoded) => {
    const character = String.fromCodePoint(Number.parseInt(encoded.slice(1), 16));
    return /[A-Za-z0-9\-._~]/u.test(character) ? character : encoded;
  });
}

/** What Envoy percent-encodes where a path has it as it is (its URL parser, url_canon_path.cc). */
const ENCODED = /[ "<>^`{|}]|[^\p{ASCII}]+/gu;

/** What no path has when it is compared: it would end there, is refused, or was resolved (RFC 3986 section 5.2.4). */
const NEVER_THERE: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\p{Cc}/u, 'a control character'],
  [/[?#]/u, 'a ? or #'],
  [/(?:^|\/)\.{1,2}(?:\/|$)/u, 'a . or .. between slashes'],
];

/** The same of text with any characters: as Envoy has it, hexadecimal digits in capitals. */
export function writtenPath(path: string): string {
  const encoded = path.replaceAll('\\', '/').replaceAll(ENCODED, (text) => encodeURIComponent(text.toWellFormed()));
  // As the filters do it, whatever comes after "%".
  const inCapitals = (digits: string): string => digits.replaceAll(/[a-f]/gu, (digit) => digit.toUpperCase());
  return decodeUnreserved(encoded).replaceAll(/%[^%]{1,2}/gu, inCapitals);
}

/** Why a path that is written so is none that requests have: "found ...", or `undefined`. */
export function pathProblem(path: string): string | undefined {
  const never = NEVER_THERE.find(([pattern]) => pattern.test(path))?.[1];
  return never === undefined ? undefined : `found ${never}, which no path has when it is compared`;
}

/** The characters that a path may have when it is compared, as code points: all others are percent-encoded then, or never come. */
export const PATH_CHARACTERS: readonly number[] = Array.from(
  { length: 0x7f - 0x21 },
  (_, index) => 0x21 + index,
).filter((code) => !'"#<>?\\^`{|}'.includes(String.fromCodePoint(code)));
