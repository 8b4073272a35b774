import { goStringBytes } from './go-literal.ts';

const STRING_CONSTANT = /^const file_\w+_rawDesc = (?:"" \+\n)?((?:\s*"(?:[^"\\\n]|\\.)*"(?: \+)?\n)+)/m;
const STRING_LITERAL = /"((?:[^"\\\n]|\\.)*)"/g;
const BYTE_VARIABLE = /^var file_\w+_rawDesc = (?:\[\]byte|string\(\[\]byte)\{([^}]*)\}/m;

/**
 * Gives the serialised google.protobuf.FileDescriptorProto that protoc-gen-go embeds in a `.pb.go` file, or undefined
 * when the file has none. Both forms are read: the string constant (since protoc-gen-go 1.36.6) and the byte slice.
 */
export function rawDescriptor(goSource: string): Uint8Array | undefined {
  const constant = STRING_CONSTANT.exec(goSource)?.[1];
  if (constant !== undefined) {
    const parts = Array.from(constant.matchAll(STRING_LITERAL), (match) => goStringBytes(Buffer.from(match[1] ?? '')));
    return Buffer.concat(parts);
  }
  const slice = BYTE_VARIABLE.exec(goSource)?.[1];
  if (slice === undefined) return undefined;
  return Uint8Array.from(slice.match(/0x[0-9a-f]{2}/g) ?? [], (hex) => Number.parseInt(hex, 16));
}
