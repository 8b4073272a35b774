import { Action } from "./callback";
import { sendLocalResponse } from "./host";
import { Slice } from "./slice";
import { utf8, utf8Length } from "./text";

const DETAILS = "wasm_filter";

/** Answers the request here and now: return what this returns. The body is text. */
export function respond(status: u32, body: string = ""): u32 {
  sendLocalResponse(status, slice(DETAILS), slice(body), Slice.EMPTY);
  return Action.Stop;
}

function slice(text: string): Slice {
  return new Slice(utf8(text), utf8Length(text));
}
