import { alloc } from "../../sdk/assembly/arena";
import { pairsSize, writePairs } from "../../sdk/assembly/header-pairs";
import { sendLocalResponse } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";
import {
  LIMIT_HEADER, LIMIT_VALUE, REMAINING_HEADER, REMAINING_VALUE, RESET_HEADER, RESET_VALUE, writeValues,
} from "./told";

const BODY = literal("too many requests\n");
/** What access logs show as response code details. */
const DETAILS = literal("sluice_rate_limited");
// Envoy's own name for the fact; retry policies know it.
const RATE_LIMITED = literal("x-envoy-ratelimited");
const TRUE = literal("true");

const NAMES = StaticArray.fromArray<Slice>([RATE_LIMITED, LIMIT_HEADER, REMAINING_HEADER, RESET_HEADER]);
const VALUES = StaticArray.fromArray<Slice>([TRUE, LIMIT_VALUE, REMAINING_VALUE, RESET_VALUE]);
const NAME_ALONE = StaticArray.fromArray<Slice>([RATE_LIMITED]);
const VALUE_ALONE = StaticArray.fromArray<Slice>([TRUE]);
const HEADERS: Slice = new Slice(0, 0);

/** Answers a request that is limited. */
export function answerLimited(): void {
  const isTold = writeValues();
  const names = isTold ? NAMES : NAME_ALONE;
  const values = isTold ? VALUES : VALUE_ALONE;
  HEADERS.ptr = alloc(pairsSize(names, values));
  HEADERS.len = writePairs(names, values, HEADERS.ptr);
  sendLocalResponse(429, DETAILS, BODY, HEADERS);
}
