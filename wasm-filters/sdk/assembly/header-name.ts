import { literal, sameBytes, Slice } from "./slice";

const HOST = literal("host");
const AUTHORITY = literal(":authority");

/** Headers by which messages are framed and connections kept, and the name of the host. Not for policies to write. */
const FRAMING: string[] = [
  "connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
];

/** Puts a name in lower case, where it stands; false when it is none that may be written (RFC 9110 section 5.1). */
export function lowerHeaderName(name: Slice): bool {
  if (name.len == 0 || !lower(name)) return false;
  for (let i = 0; i < FRAMING.length; i++) {
    const framing = String.UTF8.encode(FRAMING[i]);
    if (<u32>framing.byteLength == name.len && sameBytes(changetype<usize>(framing), name.ptr, name.len)) return false;
  }
  return true;
}

/**
 * The name under which a header is handed over: in lower case, that of the host ":authority". Names of pseudo-headers stay as
 * they are; empty for what is no name.
 */
export function handedOverName(name: Slice): Slice {
  if (name.len > 0 && load<u8>(name.ptr) == 58) return name;
  if (!lower(name)) return Slice.EMPTY;
  return HOST.equals(name.ptr, name.len) ? AUTHORITY : name;
}

/** Puts a name in lower case, where it stands; false when it is none. */
function lower(name: Slice): bool {
  for (let i: u32 = 0; i < name.len; i++) {
    const c = load<u8>(name.ptr + i);
    if (!isTokenCharacter(c)) return false;
    if (c - 65 < 26) store<u8>(name.ptr + i, c | 32);
  }
  return true;
}

function isTokenCharacter(c: u8): bool {
  if ((c | 32) - 97 < 26 || c - 48 < 10) return true;
  switch (c) {
    case 33: case 35: case 36: case 37: case 38: case 39: case 42: case 43: case 45: case 46: case 94: case 95: case 96:
    case 124: case 126: return true;
    default: return false;
  }
}

/** Whether text can be the value of a header: no control character but tab (RFC 9110 section 5.5). */
export function isHeaderValue(text: Slice): bool {
  for (let i: u32 = 0; i < text.len; i++) {
    const c = load<u8>(text.ptr + i);
    if ((c < 32 && c != 9) || c == 127) return false;
  }
  return true;
}
