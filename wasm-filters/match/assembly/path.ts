import { PathMatch } from "../../gen/match";
import { Found } from "../../sdk/assembly/header-pairs";
import { sameBytes, Slice } from "../../sdk/assembly/slice";
import { acceptsPath, inCapitals, isAutomaton } from "./automaton";

// Field numbers of the members of PathMatch.kind.
const EXACT: u32 = 1;
const PREFIX: u32 = 2;
const REGEX: u32 = 3;

/** Whether a comparison is whole: only then may paths be given to it. */
export function isPathMatch(match: PathMatch): bool {
  if (match.kindCase != REGEX) return match.kindCase == EXACT || match.kindCase == PREFIX;
  const regex = match.regex;
  return regex !== null && isAutomaton(regex);
}

/** Length of a path without its query. */
export function pathLength(path: Found): u32 {
  let len: u32 = 0;
  while (len < path.len && load<u8>(path.ptr + len) != 63) len++;
  return len;
}

/** Whether a path, without its query, matches. */
export function matchesPath(match: PathMatch, ptr: usize, len: u32): bool {
  return matchesKind(match, ptr, len) != match.invert;
}

function matchesKind(match: PathMatch, ptr: usize, len: u32): bool {
  if (match.kindCase == EXACT) return match.exact.len == len && samePath(match.exact.ptr, ptr, len);
  if (match.kindCase == PREFIX) return hasPrefix(match.prefix, ptr, len);
  const regex = match.regex;
  return regex !== null && acceptsPath(regex, ptr, len);
}

/** Whether a path begins with these path elements. */
function hasPrefix(prefix: Slice, ptr: usize, len: u32): bool {
  if (len < prefix.len || !samePath(prefix.ptr, ptr, prefix.len)) return false;
  return prefix.len == 0 || len == prefix.len || load<u8>(ptr + prefix.len) == 47;
}

/**
 * Whether two paths are the same, the case of hexadecimal digits after "%" left aside (RFC 3986 section 6.2.2.1); `path` has
 * them in capitals.
 */
function samePath(path: usize, other: usize, len: u32): bool {
  if (sameBytes(path, other, len)) return true;
  let digits = 0;
  for (let i: u32 = 0; i < len; i++) {
    const c = load<u8>(other + i);
    if (load<u8>(path + i) != (digits > 0 ? inCapitals(c) : c)) return false;
    digits = c == 37 ? 2 : digits - 1;
  }
  return true;
}
