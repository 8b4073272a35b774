import { CompiledAuthorization, compileAuthorization } from "../../authorization/assembly/compile";
import { Jwt } from "../../gen/jwt";
import { Policy } from "../../gen/policy";
import { REVISION } from "../../gen/revision";
import { isFilledByClaims } from "../../jwt/assembly/claim-headers";
import { keyIdOf, keyIdsOf } from "../../jwt/assembly/key-id";
import { CompiledLimit, compileLimits, readHeaders } from "../../rate-limit/assembly/compile";
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
  /** Whether its limits look at the headers of requests, and whether anything of it does. */
  readonly limitsReadHeaders: bool;
  readonly readsHeaders: bool;
  /** Whether it takes the time to decide. */
  readonly isTimed: bool;
  constructor(
    public bytes: usize,
    public size: u32,
    public message: Policy,
    /** What stands for each JWT provider in the token cache. */
    public keyIds: StaticArray<u64>,
    /** What stands for the provider of OIDC sessions there. */
    public sessionKeyId: u64,
    public authorization: CompiledAuthorization | null,
    public limits: CompiledLimit[] | null,
    /** Whether authorization asks for headers that claims fill. */
    public asksClaimHeaders: bool,
  ) {
    const identifies = message.jwt !== null || message.oidc !== null;
    this.limitsReadHeaders = limits !== null && readHeaders(limits);
    this.readsHeaders = this.limitsReadHeaders || identifies || authorization !== null || message.headers !== null;
    this.isTimed = identifies || limits !== null;
  }

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
  const rateLimit = message.rateLimit;
  let limits: CompiledLimit[] | null = null;
  if (rateLimit !== null) limits = compileLimits(rateLimit);
  const isWhole = (rules === null || authorization !== null) && (rateLimit === null || limits !== null);
  if (!reader.ok || message.needs > REVISION || !isWhole) return null;
  // What it was compiled from is some times as large.
  message.authorization = null;
  const jwt = message.jwt;
  const keyIds = jwt === null ? new StaticArray<u64>(0) : keyIdsOf(jwt);
  const oidc = message.oidc;
  let sessionKeyId: u64 = 0;
  if (oidc !== null) {
    const session = oidc.session;
    if (session !== null) sessionKeyId = keyIdOf(session);
  }
  const asks = asksClaimHeaders(jwt, authorization);
  return new CompiledPolicy(owned, size, message, keyIds, sessionKeyId, authorization, limits, asks);
}

function asksClaimHeaders(jwt: Jwt | null, authorization: CompiledAuthorization | null): bool {
  if (jwt === null || authorization === null) return false;
  const asked = authorization.headers;
  for (let i = 0; i < asked.length; i++) if (isFilledByClaims(jwt, asked[i])) return true;
  return false;
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
