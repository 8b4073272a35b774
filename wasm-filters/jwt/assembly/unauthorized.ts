import { alloc } from "../../sdk/assembly/arena";
import { onePair } from "../../sdk/assembly/header-pairs";
import { sendLocalResponse } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";

const WWW_AUTHENTICATE = literal("www-authenticate");
// RFC 6750 section 3.1: who sent no token is told no error.
const CHALLENGE = literal("Bearer");
const CHALLENGE_INVALID = literal('Bearer error="invalid_token"');
const MISSING = literal("a token is needed\n");
const INVALID = literal("the token is not accepted\n");
// What access logs show as response code details.
const D_MISSING = literal("sluice_jwt_missing");
const D_INVALID = literal("sluice_jwt_invalid");

/** The headers of an answer; one for all, so that no request makes garbage. */
const HEADERS = new Slice(0, 0);

/** Answers a request that has no token. */
export function answerMissingToken(): void {
  answer(D_MISSING, MISSING, CHALLENGE);
}

/** Answers a request whose token is not good; which of the many ways it is bad is not told. */
export function answerInvalidToken(): void {
  answer(D_INVALID, INVALID, CHALLENGE_INVALID);
}

function answer(details: Slice, body: Slice, challenge: Slice): void {
  HEADERS.ptr = alloc(<usize>WWW_AUTHENTICATE.len + challenge.len + 16);
  HEADERS.len = onePair(WWW_AUTHENTICATE, challenge, HEADERS.ptr);
  sendLocalResponse(401, details, body, HEADERS);
}
