import { CompiledAuthorization, compileAuthorization } from "../../authorization/assembly/compile";
import { JwtProvider } from "../../gen/jwt";
import { Policy } from "../../gen/policy";
import { REVISION } from "../../gen/revision";
import { alloc } from "../../sdk/assembly/arena";
import { Reader } from "../../sdk/assembly/reader";
import { sha256 } from "../../sdk/assembly/sha256";

/** Longest policy that is read. Bytes. */
const LONGEST_POLICY: u32 = 4194304;
/** Characters of an id: half of a SHA-256, hexadecimal. */
export const ID_LENGTH: u32 = 32;

const DIGEST: usize = memory.data(32, 8);

/** A policy that was read; it owns the bytes that its slices point into. */
@final
export class CompiledPolicy {
  used: u32 = 0;
  constructor(
    public bytes: usize,
    public size: u32,
    public message: Policy,
    /** What stands for each JWT provider in the token cache. */
    public keyIds: StaticArray<u64>,
    /** What stands for the provider of OIDC sessions there. */
    public sessionKeyId: u64,
    public authorization: CompiledAuthorization | null,
  ) {}

  /** Whether the policy has this id. The id stands right before the policy's bytes. */
  hasId(id: usize): bool {
    const own = this.bytes;
    return (
      load<u64>(own) == load<u64>(id) && load<u64>(own, 8) == load<u64>(id, 8) &&
      load<u64>(own, 16) == load<u64>(id, 16) && load<u64>(own, 24) == load<u64>(id, 24)
    );
  }

  free(): void {
    heap.free(this.bytes);
  }
}

/**
 * Reads a policy whose id is known; `null` when the bytes have another id, cannot be read, or need a later revision of
 * this filter: each time the caller must refuse the request.
 */
export function compilePolicy(id: usize, ptr: usize, size: u32): CompiledPolicy | null {
  if (size > LONGEST_POLICY || !isIdOf(id, ptr, size)) return null;
  const bytes = heap.alloc(<usize>size + ID_LENGTH);
  memory.copy(bytes, id, ID_LENGTH);
  memory.copy(bytes + ID_LENGTH, ptr, size);
  const policy = readPolicy(bytes, bytes + ID_LENGTH, size);
  if (policy === null) heap.free(bytes);
  return policy;
}

/** Reads a policy from bytes that outlive it, which begin at `owned` or at `ptr`; `null` as `compilePolicy`. */
export function readPolicy(owned: usize, ptr: usize, size: u32): CompiledPolicy | null {
  const reader = new Reader(ptr, ptr + size);
  const message = Policy.read(reader);
  const rules = message.authorization;
  let authorization: CompiledAuthorization | null = null;
  if (rules !== null) authorization = compileAuthorization(rules);
  if (!reader.ok || message.needs > REVISION || (rules !== null && authorization === null)) return null;
  // What it was compiled from is some times as large.
  message.authorization = null;
  const jwt = message.jwt;
  const count = jwt === null ? 0 : jwt.providers.length;
  const keyIds = new StaticArray<u64>(count);
  if (jwt !== null) for (let i = 0; i < count; i++) keyIds[i] = keyIdOf(jwt.providers[i]);
  const oidc = message.oidc;
  let sessionKeyId: u64 = 0;
  if (oidc !== null) {
    const session = oidc.session;
    if (session !== null) sessionKeyId = keyIdOf(session);
  }
  return new CompiledPolicy(owned, size, message, keyIds, sessionKeyId, authorization);
}

/** Whether `id` is the hexadecimal form of the first half of the SHA-256 of the bytes. */
function isIdOf(id: usize, ptr: usize, size: u32): bool {
  sha256(ptr, size, DIGEST);
  for (let i: usize = 0; i < ID_LENGTH; i++) {
    const byte = <u32>load<u8>(DIGEST + (i >> 1));
    const digit = i & 1 ? byte & 15 : byte >> 4;
    if (load<u8>(id + i) != <u8>(digit < 10 ? 48 + digit : 87 + digit)) return false;
  }
  return true;
}

/** A number from all that decides whether the provider accepts a token's signature, issuer and audience. */
function keyIdOf(provider: JwtProvider): u64 {
  let size: usize = <usize>provider.issuer.len + 8;
  for (let i = 0; i < provider.audiences.length; i++) size += provider.audiences[i].len + 8;
  for (let i = 0; i < provider.keys.length; i++) size += provider.keys[i].spki.len + provider.keys[i].kid.len + 24;
  const start = alloc(size);
  let to = put(start, 0, provider.issuer.ptr, provider.issuer.len);
  for (let i = 0; i < provider.audiences.length; i++) to = put(to, 1, provider.audiences[i].ptr, provider.audiences[i].len);
  for (let i = 0; i < provider.keys.length; i++) {
    const key = provider.keys[i];
    to = put(to, 2 + key.algorithm, key.kid.ptr, key.kid.len);
    to = put(to, 255, key.spki.ptr, key.spki.len);
  }
  sha256(start, <u32>(to - start), DIGEST);
  return load<u64>(DIGEST);
}

/** Writes bytes with what they are and how long before them, so that no two sequences look alike. */
function put(to: usize, what: u32, from: usize, len: u32): usize {
  store<u32>(to, what);
  store<u32>(to, len, 4);
  memory.copy(to + 8, from, len);
  return to + 8 + len;
}
