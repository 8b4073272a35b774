import { alloc } from "../../sdk/assembly/arena";
import { hashOf } from "../../sdk/assembly/hash";
import { askInBackground } from "../../sdk/assembly/questions";
import { literal, Slice } from "../../sdk/assembly/slice";
import { FIELD_ROOM, putBytesField } from "../../sdk/assembly/writer";

/** Reports of keys that are not known; nobody waits for the answer. */
const UNKNOWN_KEY_REPORT: u32 = 3;

const REPORT_UNKNOWN_KEY = literal("/sluice.sidecar.v1.Sidecar/ReportUnknownKey");

const SLOTS: u32 = 64;
/** When a key set was reported last, in seconds, by the hash of its name. */
const LAST = new StaticArray<u32>(SLOTS);

/**
 * Tells the sidecar that a token names a key that a key set has not, which may have been rotated since it was fetched. A
 * client that makes names up is heard once a second at most.
 */
export function reportUnknownKey(keySet: Slice, seconds: f64): void {
  if (keySet.len == 0) return;
  const slot = <u32>(hashOf(keySet.ptr, keySet.len) >> 40) & (SLOTS - 1);
  if (unchecked(LAST[slot]) == <u32>seconds) return;
  unchecked((LAST[slot] = <u32>seconds));
  // ReportUnknownKeyRequest.
  const message = alloc(<usize>keySet.len + FIELD_ROOM);
  const end = putBytesField(message, 1, keySet.ptr, keySet.len);
  askInBackground(UNKNOWN_KEY_REPORT, 0, REPORT_UNKNOWN_KEY, message, <u32>(end - message));
}
