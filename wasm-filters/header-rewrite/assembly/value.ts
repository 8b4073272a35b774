import { ClaimPath, HeaderChange, ValueSource } from "../../gen/header_rewrite";
import { claimAt, HeaderValue, headerValue, TEXT } from "../../jwt/assembly/claims";
import { alloc } from "../../sdk/assembly/arena";
import { isHeaderValue } from "../../sdk/assembly/header-name";
import { findHeader } from "../../sdk/assembly/header-pairs";
import { getProperty, resultLen, resultPtr } from "../../sdk/assembly/host";
import { Json } from "../../sdk/assembly/json";
import { findNamed, NAMED } from "../../sdk/assembly/named-values";
import { literal, Slice } from "../../sdk/assembly/slice";

// Field numbers of the members of ValueSource.source.
const HEADER: u32 = 1;
const QUERY: u32 = 2;
const COOKIE: u32 = 3;
const CLIENT_ADDRESS: u32 = 4;
const CLAIM: u32 = 5;

const COOKIE_HEADER = literal("cookie");
const PATH = literal(":path");
const SOURCE_ADDRESS = literal("source\0address");

/** Claims that values are taken from, where somebody has found them out. */
@final
export class KnownClaims {
  token: Json = 0;
  session: Json = 0;
}

export const CLAIMS: KnownClaims = new KnownClaims();

/** The value that `findValue` found; until the callback ends. */
export const VALUE: Slice = new Slice(0, 0);

/** Puts the value of a change into `VALUE`; false when the request has none. */
export function findValue(change: HeaderChange): bool {
  const sources = change.from;
  for (let i = 0; i < sources.length; i++) {
    if (!findSource(unchecked(sources[i])) || !isHeaderValue(VALUE)) continue;
    if (change.prefix.len > 0) putBefore(change.prefix);
    return true;
  }
  VALUE.ptr = change.value.ptr;
  VALUE.len = change.value.len;
  return sources.length == 0 || change.value.len > 0;
}

function findSource(source: ValueSource): bool {
  switch (source.sourceCase) {
    case HEADER: return findFirst(source.header);
    case QUERY: return findFirst(PATH) && findQuery(source.queryParameter);
    case COOKIE: return findFirst(COOKIE_HEADER) && findIn(source.cookie, VALUE.ptr, VALUE.ptr + VALUE.len, 59);
    case CLIENT_ADDRESS: return findAddress();
    case CLAIM: return findClaim(CLAIMS.token, source.claim);
    default: return findClaim(CLAIMS.session, source.session);
  }
}

/** A claim that cannot be the value of a header is none. */
function findClaim(claims: Json, path: ClaimPath | null): bool {
  if (claims == 0 || path === null || headerValue(claimAt(claims, path.path)) != HeaderValue.some) return false;
  VALUE.ptr = TEXT.ptr;
  VALUE.len = TEXT.len;
  return true;
}

function findFirst(header: Slice): bool {
  const found = findHeader(header);
  VALUE.ptr = found.ptr;
  VALUE.len = found.len;
  return found.count > 0;
}

function findQuery(name: Slice): bool {
  let start = VALUE.ptr;
  const end = start + VALUE.len;
  while (start < end && load<u8>(start) != 63) start++;
  if (!findIn(name, start + 1, end, 38)) return false;
  decodePercent();
  return true;
}

/** Of several of one name the first; `findNamed` gives the last. */
function findIn(name: Slice, start: usize, end: usize, separator: u8): bool {
  let count = findNamed(name, start, end, separator);
  if (count == 0) return false;
  while (count > 1) count = findNamed(name, start, NAMED.ptr - name.len - 1, separator);
  VALUE.ptr = NAMED.ptr;
  VALUE.len = NAMED.len;
  return true;
}

/** Puts what `VALUE` stands for in its place (RFC 3986 section 2.1); a "%" that begins nothing stands for itself. */
function decodePercent(): void {
  const from = VALUE.ptr;
  const end = from + VALUE.len;
  const start = alloc(VALUE.len);
  let to = start;
  for (let p = from; p < end; to++) {
    const high = end - p < 3 || load<u8>(p) != 37 ? 16 : digit(load<u8>(p, 1));
    const low = high == 16 ? 16 : digit(load<u8>(p, 2));
    store<u8>(to, low == 16 ? load<u8>(p) : <u8>((high << 4) | low));
    p += low == 16 ? 1 : 3;
  }
  VALUE.ptr = start;
  VALUE.len = <u32>(to - start);
}

/** The value of a hexadecimal digit, 16 for none. */
function digit(c: u32): u32 {
  if (c - 48 < 10) return c - 48;
  return (c | 32) - 97 < 6 ? (c | 32) - 87 : 16;
}

/** The address without its port, an IPv6 address without brackets. */
function findAddress(): bool {
  if (!getProperty(SOURCE_ADDRESS)) return false;
  let start = resultPtr();
  let end = start + resultLen();
  while (end > start && load<u8>(end - 1) != 58) end--;
  if (end == start) return false;
  end--;
  if (end - start > 1 && load<u8>(start) == 91 && load<u8>(end - 1) == 93) {
    start++;
    end--;
  }
  VALUE.ptr = start;
  VALUE.len = <u32>(end - start);
  return VALUE.len > 0;
}

function putBefore(prefix: Slice): void {
  const at = alloc(<usize>prefix.len + VALUE.len);
  memory.copy(at, prefix.ptr, prefix.len);
  memory.copy(at + prefix.len, VALUE.ptr, VALUE.len);
  VALUE.ptr = at;
  VALUE.len += prefix.len;
}
