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
