import { PolicyFilter } from "../../gen/policy";
import { REVISION } from "../../gen/revision";
import { Reader } from "../../sdk/assembly/reader";
import { sameBytes } from "../../sdk/assembly/slice";
import { CompiledPolicy, ID_LENGTH, readPolicy } from "./compiled-policy";

// Policies that come with the configuration of the plugin, by id. All instances of this filter in a VM share them: they are
// configured alike, and the last one counts.

/** What ids of shared policies begin with: "@". */
const SHARED: u8 = 64;

/** The configuration that the policies were read from, which their slices point into. */
let configuration: usize = 0;
let configurationSize: u32 = 0;
/** Ids one after the other, and the policy at the same place; `null` for one that cannot be read. */
let ids: usize = 0;
let policies = new StaticArray<CompiledPolicy | null>(0);
/** Places by a hash of the id, plus 1; 0 is none. As many as a power of two. */
let places = new StaticArray<u32>(0);

/** Whether an id is that of a shared policy. */
@inline export function isShared(id: usize): bool {
  return load<u8>(id) == SHARED;
}

/** The shared policy of this id; `null` when there is none, or it cannot be read. */
export function findShared(id: usize): CompiledPolicy | null {
  if (policies.length == 0) return null;
  const mask = <u32>places.length - 1;
  let at = hashOf(id) & mask;
  let place = unchecked(places[at]);
  while (place != 0 && !sameBytes(ids + <usize>(place - 1) * ID_LENGTH, id, ID_LENGTH)) {
    at = (at + 1) & mask;
    place = unchecked(places[at]);
  }
  return place == 0 ? null : unchecked(policies[place - 1]);
}

/**
 * Takes an encoded `PolicyFilter`. Where it cannot be read, or needs a later revision of this filter, everything stays as it
 * was, and the answer is false. What is given up here is garbage: the caller collects it.
 */
export function takeConfiguration(ptr: usize, size: u32): bool {
  if (size == configurationSize && sameBytes(configuration, ptr, size)) return true;
  const copy = heap.alloc(size < 1 ? 1 : size);
  memory.copy(copy, ptr, size);
  const reader = new Reader(copy, copy + size);
  const filter = PolicyFilter.read(reader);
  if (!reader.ok || filter.needs > REVISION || !haveIds(filter)) {
    heap.free(copy);
    return false;
  }
  replace(filter);
  if (configuration != 0) heap.free(configuration);
  configuration = copy;
  configurationSize = size;
  return true;
}

function haveIds(filter: PolicyFilter): bool {
  for (let i = 0; i < filter.shared.length; i++) {
    const id = filter.shared[i].id;
    if (id.len != ID_LENGTH || !isShared(id.ptr)) return false;
  }
  return true;
}

function replace(filter: PolicyFilter): void {
  const count = filter.shared.length;
  if (ids != 0) heap.free(ids);
  ids = heap.alloc(<usize>(count < 1 ? 1 : count) * ID_LENGTH);
  policies = new StaticArray<CompiledPolicy | null>(count);
  let size = 2;
  while (size < 2 * count) size <<= 1;
  places = new StaticArray<u32>(size);
  for (let i = 0; i < count; i++) {
    const shared = filter.shared[i];
    memory.copy(ids + <usize>i * ID_LENGTH, shared.id.ptr, ID_LENGTH);
    unchecked((policies[i] = readPolicy(0, shared.policy.ptr, shared.policy.len)));
    let at = hashOf(shared.id.ptr) & (<u32>size - 1);
    while (unchecked(places[at]) != 0) at = (at + 1) & (<u32>size - 1);
    unchecked((places[at] = <u32>i + 1));
  }
}

function hashOf(id: usize): u32 {
  return <u32>((load<u64>(id, 8) * 0x9e3779b97f4a7c15) >> 32);
}
