import { JwtAlgorithm, JwtKey, JwtProvider } from "../../gen/jwt";
import { alloc } from "../../sdk/assembly/arena";
import { decodeBase64Url, decodedSize } from "../../sdk/assembly/base64url";
import {
  countMembers, firstElement, Json, JsonKind, kindOf, member, nextElement, numberOf, parseJson, textEquals, textOf,
} from "../../sdk/assembly/json";
import { Asked } from "../../sdk/assembly/questions";
import { literal, Slice } from "../../sdk/assembly/slice";
import { askSidecar, isSidecars, Verified } from "./ask-sidecar";
import { refuseToken } from "./refusal";
import { beginOf, expiryOf, findToken, keepToken, payloadOf } from "./token-cache";
import { reportUnknownKey } from "./unknown-key";
import { verifySignature } from "./verify-signature";

/** A token of this length or more is refused unread. Bytes. */
const LONGEST_TOKEN: u32 = 65536;
/** Clocks may differ by this much; the leeway that Envoy's own filter gives (RFC 7519 section 4.1.4). Seconds. */
export const LEEWAY: f64 = 60;
/** At most so many keys are tried on one token. */
const MOST_TRIES: u32 = 8;

const ALG = literal("alg");
const KID = literal("kid");
const CRIT = literal("crit");
const ISS = literal("iss");
const AUD = literal("aud");
const EXP = literal("exp");
const NBF = literal("nbf");
const RS256 = literal("RS256");
const RS384 = literal("RS384");
const RS512 = literal("RS512");
const ES256 = literal("ES256");
const ES384 = literal("ES384");
const ES512 = literal("ES512");
const PS256 = literal("PS256");
const PS384 = literal("PS384");
const PS512 = literal("PS512");
const EDDSA = literal("EdDSA");

/** What becomes of a token. */
export namespace Verdict {
  /** It is good; `PAYLOAD` is its payload, until the callback ends. */
  export const good: u32 = 0;
  export const bad: u32 = 1;
  /** The sidecar has been asked: the request has to wait. */
  export const waiting: u32 = 2;
  /** It cannot be verified now. */
  export const unavailable: u32 = 3;
}

/** The payload of the last good token. */
export let PAYLOAD: Json = 0;

/**
 * Verifies a JSON Web Token for a provider (RFC 7515, RFC 7519); gives a `Verdict`. `seconds` is the time since the epoch;
 * `keyId` stands for what of the provider decides whether a token is good.
 */
export function verifyToken(provider: JwtProvider, keyId: u64, ptr: usize, len: u32, seconds: f64): u32 {
  PAYLOAD = 0;
  if (len >= LONGEST_TOKEN) return refuse("token refused: 64 KiB or longer");
  const known = findToken(keyId, ptr, len);
  if (known == 0) return verifyNewToken(provider, keyId, ptr, len, seconds);
  if (!isInTime(expiryOf(known), beginOf(known), seconds)) return refuseTime();
  PAYLOAD = payloadOf(known);
  return Verdict.good;
}

function verifyNewToken(provider: JwtProvider, keyId: u64, ptr: usize, len: u32, seconds: f64): u32 {
  const first = dot(ptr, 0, len);
  const second = dot(ptr, first + 1, len);
  if (first == 0 || second == len || second == first + 1 || dot(ptr, second + 1, len) != len) {
    return refuse("token refused: it has not three parts");
  }
  const payload = decodeJson(ptr + first + 1, second - first - 1);
  if (kindOf(payload) != JsonKind.object) return refuse("token refused: its payload is no JSON object");
  const expires = timeOf(payload, EXP, Infinity);
  const begins = timeOf(payload, NBF, -Infinity);
  if (!isInTime(expires, begins, seconds)) return refuseTime();
  if (!fromIssuer(provider, payload)) return refuse("token refused: iss is not the provider's issuer");
  if (!forAudience(provider, payload)) return refuse("token refused: aud has none of the provider's audiences");
  // Last, as it costs most: who can make no good payload does not reach the sidecar.
  const verdict = verifies(provider, ptr, first, second, len, seconds);
  if (verdict != Verdict.good) return verdict;
  keepToken(keyId, ptr, len, payload, expires, begins);
  PAYLOAD = payload;
  return Verdict.good;
}

function refuseTime(): u32 {
  return refuse("token refused: by exp or nbf it is not good now");
}

/** Where the next dot is at or after `from`; `len` when there is none. */
function dot(ptr: usize, from: u32, len: u32): u32 {
  for (let i = from; i < len; i++) if (load<u8>(ptr + i) == 46) return i;
  return len;
}

function decodeJson(ptr: usize, len: u32): Json {
  const to = alloc(decodedSize(len));
  const n = decodeBase64Url(ptr, len, to);
  return n < 0 ? 0 : parseJson(to, <u32>n);
}

/** The keys that may have made a signature. */
const CANDIDATES = new StaticArray<JwtKey | null>(MOST_TRIES);

/** Whether a key of the provider that the token's header allows made its signature: a `Verdict`. */
function verifies(provider: JwtProvider, ptr: usize, first: u32, second: u32, len: u32, seconds: f64): u32 {
  const header = decodeJson(ptr, first);
  // What `crit` names must be understood, and nothing is (RFC 7515 section 4.1.11).
  if (kindOf(header) != JsonKind.object) return refuse("token refused: its header is no JSON object");
  if (has(header, CRIT)) return refuse("token refused: its header has crit");
  const algorithm = algorithmOf(member(header, ALG));
  if (algorithm == JwtAlgorithm.UNSPECIFIED) return refuse("token refused: alg is none of RS, ES, PS and EdDSA");
  if (has(header, KID) && kindOf(member(header, KID)) != JsonKind.text) return refuse("token refused: kid is no text");
  const room = len - second - 1;
  const signature = alloc(decodedSize(room));
  const n = decodeBase64Url(ptr + second + 1, room, signature);
  if (n <= 0) return refuse("token refused: its signature is no base64url");
  const count = findCandidates(provider, header, algorithm);
  if (count == 0) {
    if (has(header, KID)) reportUnknownKey(provider.keySet, seconds);
    return refuse("token refused: the provider has no key for its alg and kid");
  }
  return madeBy(count, algorithm, ptr, second, signature, <u32>n);
}

function findCandidates(provider: JwtProvider, header: Json, algorithm: i32): u32 {
  const named = has(header, KID);
  let count: u32 = 0;
  for (let i = 0; i < provider.keys.length && count < MOST_TRIES; i++) {
    const key = unchecked(provider.keys[i]);
    if (key.algorithm != algorithm) continue;
    if (named && !textEquals(member(header, KID), key.kid.ptr, key.kid.len)) continue;
    unchecked((CANDIDATES[count++] = key));
  }
  return count;
}

/** Whether one of the first candidates made the signature: a `Verdict`. */
function madeBy(count: u32, algorithm: i32, text: usize, textLen: u32, signature: usize, signatureLen: u32): u32 {
  if (isSidecars(algorithm)) {
    const answer = askSidecar(algorithm, CANDIDATES, count, text, textLen, signature, signatureLen);
    if (answer == Verified.yes) return Verdict.good;
    if (answer == Asked.waiting) return Verdict.waiting;
    if (answer == Asked.failed) return Verdict.unavailable;
    return refuse("token refused: no key made its signature");
  }
  for (let i: u32 = 0; i < count; i++) {
    const key = unchecked(CANDIDATES[i]);
    if (key !== null && verifySignature(algorithm, key.spki, text, textLen, signature, signatureLen)) return Verdict.good;
  }
  return refuse("token refused: no key made its signature");
}

function refuse(why: string): u32 {
  refuseToken(why);
  return Verdict.bad;
}

/** Whether an object has a member of this name, once or more often. */
function has(object: Json, name: Slice): bool {
  return countMembers(object, name) != 0;
}

function algorithmOf(alg: Json): i32 {
  if (textEquals(alg, RS256.ptr, RS256.len)) return JwtAlgorithm.RS256;
  if (textEquals(alg, RS384.ptr, RS384.len)) return JwtAlgorithm.RS384;
  if (textEquals(alg, RS512.ptr, RS512.len)) return JwtAlgorithm.RS512;
  if (textEquals(alg, ES256.ptr, ES256.len)) return JwtAlgorithm.ES256;
  if (textEquals(alg, ES384.ptr, ES384.len)) return JwtAlgorithm.ES384;
  if (textEquals(alg, ES512.ptr, ES512.len)) return JwtAlgorithm.ES512;
  if (textEquals(alg, PS256.ptr, PS256.len)) return JwtAlgorithm.PS256;
  if (textEquals(alg, PS384.ptr, PS384.len)) return JwtAlgorithm.PS384;
  if (textEquals(alg, PS512.ptr, PS512.len)) return JwtAlgorithm.PS512;
  if (textEquals(alg, EDDSA.ptr, EDDSA.len)) return JwtAlgorithm.EDDSA;
  return JwtAlgorithm.UNSPECIFIED;
}

/** `exp` or `nbf`: it may be missing, but what is no number, or named twice, is NaN, and no time is before or after that. */
function timeOf(payload: Json, name: Slice, missing: f64): f64 {
  return has(payload, name) ? numberOf(member(payload, name)) : missing;
}

function isInTime(expires: f64, begins: f64, seconds: f64): bool {
  return seconds < expires + LEEWAY && seconds + LEEWAY >= begins;
}

function fromIssuer(provider: JwtProvider, payload: Json): bool {
  const issuer = provider.issuer;
  return issuer.len == 0 || textEquals(member(payload, ISS), issuer.ptr, issuer.len);
}

/** `aud` is a string or an array of them; one must be among the provider's. */
function forAudience(provider: JwtProvider, payload: Json): bool {
  if (provider.audiences.length == 0) return true;
  const aud = member(payload, AUD);
  if (kindOf(aud) == JsonKind.text) return isAudience(provider, aud);
  for (let one = firstElement(aud); one != 0; one = nextElement(aud, one)) if (isAudience(provider, one)) return true;
  return false;
}

function isAudience(provider: JwtProvider, value: Json): bool {
  if (kindOf(value) != JsonKind.text) return false;
  const text = textOf(value);
  for (let i = 0; i < provider.audiences.length; i++) {
    if (unchecked(provider.audiences[i]).equals(text.ptr, text.len)) return true;
  }
  return false;
}
