import { JwtAlgorithm, JwtKey } from "../../gen/jwt";
import { alloc } from "../../sdk/assembly/arena";
import { ask, Asked } from "../../sdk/assembly/questions";
import { Reader } from "../../sdk/assembly/reader";
import { literal, Slice } from "../../sdk/assembly/slice";
import { FIELD_ROOM, putBytesField, putVarintField } from "../../sdk/assembly/writer";

/** Questions whether a signature is good; see `questions.ts`. */
export const SIGNATURE_QUESTION: u32 = 1;

/** What the sidecar says of a signature, where it says anything. */
export namespace Verified {
  export const no: i32 = 0;
  export const yes: i32 = 1;
}

const VERIFY_SIGNATURE = literal("/sluice.sidecar.v1.Sidecar/VerifySignature");

/** Whether an algorithm is one that Envoy cannot verify, and the sidecar can. */
export function isSidecars(algorithm: i32): bool {
  return algorithm >= JwtAlgorithm.PS256;
}

/** Asks the sidecar whether one of the keys made the JWS signature of the text: a `Verified` or an `Asked`. */
export function askSidecar(
  algorithm: i32, keys: StaticArray<JwtKey | null>, count: u32, text: usize, textLen: u32, signature: usize, signatureLen: u32,
): i32 {
  let room = <usize>textLen + signatureLen + 3 * FIELD_ROOM;
  for (let i: u32 = 0; i < count; i++) room += <usize>spkiOf(keys, i).len + FIELD_ROOM;
  const message = alloc(room);
  // VerifySignatureRequest; its enum of algorithms has those of JwtAlgorithm that are the sidecar's, from 1.
  let to = putVarintField(message, 1, <u64>(algorithm - JwtAlgorithm.PS256 + 1));
  for (let i: u32 = 0; i < count; i++) to = putBytesField(to, 2, spkiOf(keys, i).ptr, spkiOf(keys, i).len);
  to = putBytesField(to, 3, text, textLen);
  to = putBytesField(to, 4, signature, signatureLen);
  return ask(SIGNATURE_QUESTION, 0, VERIFY_SIGNATURE, message, <u32>(to - message));
}

function spkiOf(keys: StaticArray<JwtKey | null>, index: u32): Slice {
  const key = unchecked(keys[index]);
  return key === null ? Slice.EMPTY : key.spki;
}

const READER: Reader = new Reader(0, 0);

/** Reads a VerifySignatureResponse. */
export function readVerified(response: Slice): i32 {
  const reader = READER;
  reader.restart(response.ptr, response.ptr + response.len);
  let verified = Verified.no;
  while (reader.next()) {
    if (reader.field != 1) reader.skip();
    else if (reader.expect(0)) verified = reader.varint() == 1 ? Verified.yes : Verified.no;
  }
  return reader.ok ? verified : Asked.failed;
}
