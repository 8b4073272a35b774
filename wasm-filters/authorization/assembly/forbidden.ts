import { sendLocalResponse } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";

const BODY = literal("not allowed\n");
/** What access logs show as response code details. */
const DETAILS = literal("sluice_authorization_denied");

/** Answers a request that no rule allows. */
export function answerForbidden(): void {
  sendLocalResponse(403, DETAILS, BODY, Slice.EMPTY);
}
