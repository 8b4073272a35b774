import { readVerified, SIGNATURE_QUESTION } from "../../jwt/assembly/ask-sidecar";
import { LEASE_QUESTION, takeLease } from "../../rate-limit/assembly/leases";
import { now } from "../../sdk/assembly/host";
import { Asked, kindOfCall } from "../../sdk/assembly/questions";
import { readResponse, RESPONSE } from "../../sdk/assembly/sidecar-call";

/** What the sidecar's answer to a call, of `size` bytes, says, by the kind of the question. */
export function readAnswer(call: usize, size: u32): i32 {
  if (!readResponse(size)) return Asked.failed;
  switch (kindOfCall(call)) {
    case SIGNATURE_QUESTION: return readVerified(RESPONSE);
    case LEASE_QUESTION: return takeLease(RESPONSE, now());
    default: return Asked.failed;
  }
}
