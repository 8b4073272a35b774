import { alloc } from "./arena";
import { pairsSize, writePairs } from "./header-pairs";
import { getCallBody, getCallTrailer, httpCall, resultLen, resultPtr } from "./host";
import { literal, Slice } from "./slice";

// Unary gRPC over the host's HTTP calls. Its gRPC calls would do the same, but Envoy makes a client for each of them, and
// they end in two callbacks instead of one.

const CLUSTER = literal("sluice.sidecar");
/** How long the sidecar may take unless it is said otherwise; what asked is refused then. Milliseconds. */
export const TIMEOUT: u32 = 1000;
/** Bytes before a message: whether it is compressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX: u32 = 5;

const GRPC_STATUS = literal("grpc-status");
const NAMES = StaticArray.fromArray<Slice>([
  literal(":method"), literal(":scheme"), literal(":path"), literal(":authority"), literal("content-type"), literal("te"),
]);
const PATH: i32 = 2;
const VALUES = StaticArray.fromArray<Slice>([
  literal("POST"), literal("http"), Slice.EMPTY, literal("sidecar"), literal("application/grpc"), literal("trailers"),
]);

const HEADERS: Slice = new Slice(0, 0);
const BODY: Slice = new Slice(0, 0);

/** The message of the answer that was read last; it stays until the arena is reset. */
export const RESPONSE: Slice = new Slice(0, 0);

/**
 * Sends a message to a method of the sidecar, "/package.Service/Method"; gives a token, or -1 when there is no sidecar. After
 * `timeout` milliseconds the call has failed.
 */
export function callSidecar(method: Slice, message: usize, len: u32, timeout: u32): i64 {
  unchecked((VALUES[PATH] = method));
  HEADERS.ptr = alloc(pairsSize(NAMES, VALUES));
  HEADERS.len = writePairs(NAMES, VALUES, HEADERS.ptr);
  BODY.ptr = alloc(<usize>len + PREFIX);
  BODY.len = len + PREFIX;
  store<u8>(BODY.ptr, 0);
  store<u32>(BODY.ptr, bswap<u32>(len), 1);
  memory.copy(BODY.ptr + PREFIX, message, len);
  return httpCall(CLUSTER, HEADERS, BODY, timeout);
}

/** Reads the answer to a call, of `size` bytes, into `RESPONSE`; false when there is none, or an error. */
export function readResponse(size: u32): bool {
  if (!getCallTrailer(GRPC_STATUS) || resultLen() != 1 || load<u8>(resultPtr()) != 48) return false;
  if (size < PREFIX || !getCallBody(size) || resultLen() != size) return false;
  const at = resultPtr();
  if (load<u8>(at) != 0 || bswap<u32>(load<u32>(at, 1)) != size - PREFIX) return false;
  RESPONSE.ptr = at + PREFIX;
  RESPONSE.len = size - PREFIX;
  return true;
}
