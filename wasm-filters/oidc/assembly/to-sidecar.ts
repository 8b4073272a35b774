import { setProperty } from "../../sdk/assembly/host";
import { literal } from "../../sdk/assembly/slice";

/** Filter state `wasm.sluice.sidecar`: with it the next filter hands the request to the sidecar, without it never. */
const SLOT = literal("sluice.sidecar");
const NEEDED = literal("1");

/** Leaves a request to the sidecar, which comes next in the chain; false when the host refuses. */
export function leaveToSidecar(): bool {
  return setProperty(SLOT, NEEDED);
}
