import { JwtAlgorithm } from "../../gen/jwt";
import { alloc } from "../../sdk/assembly/arena";
import { callForeign, resultLen, resultPtr } from "../../sdk/assembly/host";
import { literal, Slice } from "../../sdk/assembly/slice";
import { FIELD_ROOM, putBytesField } from "../../sdk/assembly/writer";

const VERIFY_SIGNATURE = literal("verify_signature");
const SHA256 = literal("sha256");
const SHA384 = literal("sha384");
const SHA512 = literal("sha512");

// Fields of Envoy's VerifySignatureArguments (source/extensions/common/wasm/ext/verify_signature.proto), all
// length-delimited: hash_function = 1, public_key = 2, signature = 3, text = 4.

/** Whether the key of this SubjectPublicKeyInfo made the JWS signature of the text (RFC 7518 sections 3.3 and 3.4). */
export function verifySignature(
  algorithm: i32, spki: Slice, text: usize, textLen: u32, signature: usize, signatureLen: u32,
): bool {
  const half = halfOf(algorithm);
  let sign = signature;
  let signLen = signatureLen;
  if (half != 0) {
    if (signatureLen != half * 2) return false;
    sign = alloc(half * 2 + 16);
    signLen = derSignature(signature, half, sign);
  }
  const hash = hashOf(algorithm);
  const args = alloc(<usize>hash.len + spki.len + signLen + textLen + 4 * FIELD_ROOM);
  let to = putBytesField(args, 1, hash.ptr, hash.len);
  to = putBytesField(to, 2, spki.ptr, spki.len);
  to = putBytesField(to, 3, sign, signLen);
  to = putBytesField(to, 4, text, textLen);
  if (!callForeign(VERIFY_SIGNATURE, args, to - args)) return false;
  // VerifySignatureResult: `result` = 1, a bool; anything but exactly true at the start is a no.
  return resultLen() >= 2 && load<u8>(resultPtr()) == 0x08 && load<u8>(resultPtr(), 1) == 1;
}

/** Bytes of each of the two numbers of an ECDSA signature; 0 for RSA. */
function halfOf(algorithm: i32): u32 {
  if (algorithm == JwtAlgorithm.ES256) return 32;
  if (algorithm == JwtAlgorithm.ES384) return 48;
  return algorithm == JwtAlgorithm.ES512 ? 66 : 0;
}

function hashOf(algorithm: i32): Slice {
  if (algorithm == JwtAlgorithm.RS256 || algorithm == JwtAlgorithm.ES256) return SHA256;
  if (algorithm == JwtAlgorithm.RS384 || algorithm == JwtAlgorithm.ES384) return SHA384;
  return SHA512;
}

/** Writes the two numbers as ECDSA-Sig-Value in DER (RFC 3279 section 2.2.3); returns its length. */
function derSignature(raw: usize, half: u32, to: usize): u32 {
  const r = integerSize(raw, half);
  const s = integerSize(raw + half, half);
  const size = r + s + 4;
  let p = to;
  store<u8>(p++, 0x30);
  if (size > 127) store<u8>(p++, 0x81);
  store<u8>(p++, <u8>size);
  p = integer(raw, half, r, p);
  p = integer(raw + half, half, s, p);
  return <u32>(p - to);
}

/** Zeros that lead a number, all but its last byte. */
function leadingZeros(from: usize, n: u32): u32 {
  let zeros: u32 = 0;
  while (zeros < n - 1 && load<u8>(from + zeros) == 0) zeros++;
  return zeros;
}

/** Bytes of a number in DER: without leading zeros, but never so that it looks negative. */
function integerSize(from: usize, n: u32): u32 {
  const zeros = leadingZeros(from, n);
  return n - zeros + (load<u8>(from + zeros) >> 7);
}

function integer(from: usize, n: u32, size: u32, to: usize): usize {
  const zeros = leadingZeros(from, n);
  store<u8>(to++, 0x02);
  store<u8>(to++, <u8>size);
  if (size > n - zeros) store<u8>(to++, 0);
  memory.copy(to, from + zeros, n - zeros);
  return to + (n - zeros);
}
