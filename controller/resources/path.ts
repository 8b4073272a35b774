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
