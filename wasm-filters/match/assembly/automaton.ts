import { Automaton } from "../../gen/match";

/** Whether an automaton is whole: only then may texts be given to it. */
export function isAutomaton(automaton: Automaton): bool {
  const states = automaton.accepting.len;
  const classes = automaton.classCount;
  if (states < 2 || classes == 0 || classes > 256 || automaton.classes.len != 256) return false;
  if (<u64>automaton.next.len != <u64>states * classes * 2) return false;
  for (let i: u32 = 0; i < 256; i++) if (load<u8>(automaton.classes.ptr + i) >= classes) return false;
  for (let i: u32 = 0; i < automaton.next.len; i += 2) if (load<u16>(automaton.next.ptr + i) >= states) return false;
  return true;
}

/** Whether a whole text matches; takes the same time for every byte. */
export function accepts(automaton: Automaton, ptr: usize, len: u32): bool {
  const classes = automaton.classes.ptr;
  const next = automaton.next.ptr;
  const count = <usize>automaton.classCount;
  const end = ptr + len;
  let state: usize = 1;
  for (; ptr < end && state != 0; ptr++) {
    state = <usize>load<u16>(next + ((state * count + load<u8>(classes + load<u8>(ptr))) << 1));
  }
  return load<u8>(automaton.accepting.ptr + state) == 1;
}

/**
 * Whether a whole path matches, however its hexadecimal digits after "%" are written: as they come, all in capitals or all in
 * small letters (RFC 3986 section 6.2.2.1).
 */
export function acceptsPath(automaton: Automaton, ptr: usize, len: u32): bool {
  if (accepts(automaton, ptr, len)) return true;
  for (let i: u32 = 0; i + 2 < len; i++) {
    if (load<u8>(ptr + i) != 37) continue;
    return acceptsIn(automaton, ptr, len, true) || acceptsIn(automaton, ptr, len, false);
  }
  return false;
}

function acceptsIn(automaton: Automaton, ptr: usize, len: u32, capitals: bool): bool {
  const classes = automaton.classes.ptr;
  const next = automaton.next.ptr;
  const count = <usize>automaton.classCount;
  const end = ptr + len;
  let state: usize = 1;
  let digits = 0;
  for (; ptr < end && state != 0; ptr++) {
    let c = load<u8>(ptr);
    if (digits > 0) c = capitals ? inCapitals(c) : inSmallLetters(c);
    digits = c == 37 ? 2 : digits - 1;
    state = <usize>load<u16>(next + ((state * count + load<u8>(classes + c)) << 1));
  }
  return load<u8>(automaton.accepting.ptr + state) == 1;
}

/** A hexadecimal digit in capitals; any other byte as it is. */
@inline
export function inCapitals(c: u8): u8 {
  return c >= 97 && c <= 102 ? c - 32 : c;
}

@inline
function inSmallLetters(c: u8): u8 {
  return c >= 65 && c <= 70 ? c + 32 : c;
}
