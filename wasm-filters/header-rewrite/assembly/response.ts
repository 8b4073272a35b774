import { HeaderChange, HeaderChanges } from "../../gen/header_rewrite";
import { addResponseHeader, removeResponseHeader, setResponseHeader } from "../../sdk/assembly/host";
import { findValue, VALUE } from "./value";

// What the response of a request is to have is found out while the request is there, and kept until its response comes or it
// ends: [next][context][plugin][size of the values][values]; a value is [length, or NONE][bytes], those of set before those of add.

const NONE: u32 = 0xffffffff;
const BUCKETS: u32 = 256;
const TABLE: usize = memory.data(1024, 8);
const HEAD: usize = 16;

/** Keeps the values that the response of a request takes from it. */
export function keepValues(context: u32, root: u32, changes: HeaderChanges): void {
  const size = sizeOf(changes.set) + sizeOf(changes.add);
  const entry = heap.alloc(HEAD + size);
  const bucket = TABLE + ((context & (BUCKETS - 1)) << 2);
  store<u32>(entry, load<u32>(bucket));
  store<u32>(entry, context, 4);
  store<u32>(entry, root, 8);
  putValues(changes.add, putValues(changes.set, entry + HEAD));
  store<u32>(bucket, <u32>entry);
}

/** The plugin of a request whose values are kept; 0 when none are. */
export function rootOfKept(context: u32): u32 {
  const entry = find(context);
  return entry == 0 ? 0 : load<u32>(entry, 8);
}

/** Changes the headers of the response to a request whose values are kept; false when the host refuses. */
export function rewriteResponse(context: u32, changes: HeaderChanges): bool {
  let value = find(context) + HEAD;
  const all = changes.set;
  for (let i = 0; i < all.length; i++) {
    const name = unchecked(all[i]).name;
    const len = load<u32>(value);
    if (!(len == NONE ? removeResponseHeader(name) : setResponseHeader(name, value + 4, len))) return false;
    value = after(value);
  }
  for (let i = 0; i < changes.add.length; i++) {
    const len = load<u32>(value);
    if (len != NONE && !addResponseHeader(unchecked(changes.add[i]).name, value + 4, len)) return false;
    value = after(value);
  }
  for (let i = 0; i < changes.remove.length; i++) if (!removeResponseHeader(unchecked(changes.remove[i]))) return false;
  return true;
}

/** Forgets a request. */
export function forget(context: u32): void {
  let link = TABLE + ((context & (BUCKETS - 1)) << 2);
  for (let entry = load<u32>(link); entry != 0; entry = load<u32>(link)) {
    if (load<u32>(entry, 4) != context) {
      link = entry;
      continue;
    }
    store<u32>(link, load<u32>(entry));
    heap.free(entry);
    return;
  }
}

function find(context: u32): usize {
  let entry = <usize>load<u32>(TABLE + ((context & (BUCKETS - 1)) << 2));
  while (entry != 0 && load<u32>(entry, 4) != context) entry = <usize>load<u32>(entry);
  return entry;
}

function sizeOf(changes: HeaderChange[]): usize {
  let size: usize = 0;
  for (let i = 0; i < changes.length; i++) size += 4 + (findValue(unchecked(changes[i])) ? <usize>VALUE.len : 0);
  return size;
}

function putValues(changes: HeaderChange[], to: usize): usize {
  for (let i = 0; i < changes.length; i++) {
    if (findValue(unchecked(changes[i]))) {
      store<u32>(to, VALUE.len);
      memory.copy(to + 4, VALUE.ptr, VALUE.len);
    } else {
      store<u32>(to, NONE);
    }
    to = after(to);
  }
  return to;
}

@inline function after(value: usize): usize {
  const len = load<u32>(value);
  return value + 4 + (len == NONE ? 0 : <usize>len);
}
