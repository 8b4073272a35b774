import { alloc } from "../../sdk/assembly/arena";
import { encodeBase64Url } from "../../sdk/assembly/base64url";
import { isHeaderValue } from "../../sdk/assembly/header-name";
import { firstElement, Json, JsonKind, kindOf, member, nextElement, rawLen, rawPtr, textOf } from "../../sdk/assembly/json";
import { Slice } from "../../sdk/assembly/slice";

/** The claim at a path from the root of a payload, or 0. */
export function claimAt(payload: Json, path: Slice[]): Json {
  let json = payload;
  for (let i = 0; i < path.length; i++) json = member(json, unchecked(path[i]));
  return path.length == 0 ? 0 : json;
}

/** Whether a claim can be the value of a header. */
export namespace HeaderValue {
  /** There is no claim, or it is null. */
  export const none: u32 = 0;
  export const some: u32 = 1;
  /** It would break out of the header. */
  export const unfit: u32 = 2;
}

/** What `headerValue` found last. */
export const TEXT: Slice = new Slice(0, 0);

/**
 * Puts a claim as the value of a header into `TEXT`: text as it is, numbers and booleans as written, an array of those
 * joined by commas, anything else as base64url of its JSON.
 */
export function headerValue(claim: Json): u32 {
  switch (kindOf(claim)) {
    case JsonKind.none:
    case JsonKind.nothing:
      return HeaderValue.none;
    case JsonKind.text:
    case JsonKind.number:
    case JsonKind.yes:
    case JsonKind.no:
      plain(claim);
      break;
    case JsonKind.array:
      if (isFlat(claim)) {
        join(claim);
        break;
      }
      encode(claim);
      break;
    default:
      encode(claim);
  }
  return isHeaderValue(TEXT) ? HeaderValue.some : HeaderValue.unfit;
}

function plain(json: Json): void {
  if (kindOf(json) == JsonKind.text) {
    const text = textOf(json);
    TEXT.ptr = text.ptr;
    TEXT.len = text.len;
  } else {
    TEXT.ptr = rawPtr(json);
    TEXT.len = rawLen(json);
  }
}

function isFlat(array: Json): bool {
  for (let one = firstElement(array); one != 0; one = nextElement(array, one)) {
    const kind = kindOf(one);
    if (kind == JsonKind.object || kind == JsonKind.array || kind == JsonKind.nothing) return false;
  }
  return true;
}

function join(array: Json): void {
  const start = alloc(rawLen(array));
  let to = start;
  const first = firstElement(array);
  for (let one = first; one != 0; one = nextElement(array, one)) {
    if (one != first) store<u8>(to++, 44);
    plain(one);
    memory.copy(to, TEXT.ptr, TEXT.len);
    to += TEXT.len;
  }
  TEXT.ptr = start;
  TEXT.len = <u32>(to - start);
}

function encode(json: Json): void {
  const start = alloc((<usize>rawLen(json) / 3 + 1) * 4);
  TEXT.len = <u32>(encodeBase64Url(rawPtr(json), rawLen(json), start) - start);
  TEXT.ptr = start;
}
