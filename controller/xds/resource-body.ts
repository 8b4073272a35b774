import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** The encoded message inside the `wire` form of a resource: DeltaDiscoveryResponse.resources > resource > value. */
export function resourceBody(wire: Uint8Array): Uint8Array {
  return field(field(field(wire, 2), 2), 2);
}

function field(bytes: Uint8Array, number: number): Uint8Array {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [found, wireType] = reader.tag();
    if (found === number && wireType === WireType.LengthDelimited) return reader.bytes();
    reader.skip(wireType, found);
  }
  return new Uint8Array();
}
