import { JwtProvider } from "../../gen/jwt";
import { findHeader } from "../../sdk/assembly/header-pairs";
import { findNamed, NAMED } from "../../sdk/assembly/named-values";
import { literal, sameBytes, Slice } from "../../sdk/assembly/slice";

const COOKIE = literal("cookie");
const PATH = literal(":path");

// Field numbers of the members of TokenSource.source.
const HEADER: u32 = 1;
const QUERY: u32 = 2;

/** What was found at a source. */
export namespace Extraction {
  export const none: u32 = 0;
  export const one: u32 = 1;
  /** Something is there that cannot be a token, or is there twice. */
  export const unusable: u32 = 2;
}

/** The token that was found last; the bytes are those of the request. */
export const TOKEN: Slice = new Slice(0, 0);

/** Looks at the `index`th source of a provider; a token goes to `TOKEN`. */
export function extractToken(provider: JwtProvider, index: i32): u32 {
  const source = unchecked(provider.sources[index]);
  if (source.sourceCase == HEADER) {
    const header = source.header;
    return header === null ? Extraction.none : fromHeader(header.name, header.prefix);
  }
  return source.sourceCase == QUERY ? fromQuery(source.queryParameter) : fromCookie(source.cookie);
}

function fromHeader(name: Slice, prefix: Slice): u32 {
  const found = findHeader(name);
  if (found.count == 0) return Extraction.none;
  if (found.count > 1) return Extraction.unusable;
  // Another scheme in the same header is not for us.
  if (found.len < prefix.len || !sameBytes(found.ptr, prefix.ptr, prefix.len)) return Extraction.none;
  TOKEN.ptr = found.ptr + prefix.len;
  TOKEN.len = found.len - prefix.len;
  return Extraction.one;
}

function fromQuery(name: Slice): u32 {
  const found = findHeader(PATH);
  if (found.count == 0) return Extraction.none;
  let start = found.ptr;
  const end = found.ptr + found.len;
  while (start < end && load<u8>(start) != 63) start++;
  return one(findNamed(name, start + 1, end, 38));
}

function fromCookie(name: Slice): u32 {
  const found = findHeader(COOKIE);
  if (found.count == 0) return Extraction.none;
  if (found.count > 1) return Extraction.unusable;
  return one(findNamed(name, found.ptr, found.ptr + found.len, 59));
}

/** What was found so many times; twice is once too often. */
function one(count: u32): u32 {
  TOKEN.ptr = NAMED.ptr;
  TOKEN.len = NAMED.len;
  return min<u32>(count, 2);
}
