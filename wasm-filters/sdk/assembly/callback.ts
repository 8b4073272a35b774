import { resetArena } from "./arena";

/** What a callback for headers or trailers returns. */
export namespace Action {
  /** The request, or the response, goes on. */
  export const Continue: u32 = 0;
  /** It stops here: it was answered with `respond`, or is continued later. */
  export const Stop: u32 = 1;
}

/** Callbacks from one collection of garbage to the next. */
const BETWEEN_COLLECTIONS: u32 = 64;
let callbacks: u32 = 0;

/**
 * Begins a callback: frees what earlier ones left behind. Text that is to outlive its callback is kept in a variable of the
 * module; everything else is gone.
 */
export function begin(): void {
  resetArena();
  // Nothing is on the stack here, as the collector of this runtime demands.
  if (++callbacks % BETWEEN_COLLECTIONS == 0) __collect();
}
