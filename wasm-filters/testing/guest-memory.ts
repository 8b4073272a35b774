/** A pointer or a length from the guest lies outside its memory. */
export class InvalidMemoryAccess extends Error {}

/** Reads and writes the memory of a module, with every access checked. */
export interface GuestMemory {
  /** A copy of `size` bytes. */
  bytes(pointer: number, size: number): Uint8Array;
  text(pointer: number, size: number): string;
  writeU32(pointer: number, value: number): void;
  writeU64(pointer: number, value: bigint): void;
  /**
   * Hands bytes to the guest: they go into memory that the guest allocates, their address and size to the two out
   * parameters. As in Envoy, an empty value gets the address 0 and no allocation.
   */
  give(value: Uint8Array | string, pointerOut: number, sizeOut: number): void;
}

/** The memory behind `buffer`, which is asked afresh on each access because growth replaces it. */
export function guestMemory(buffer: () => ArrayBuffer, allocate: (size: number) => number): GuestMemory {
  const at = (signed: number, size: number): number => {
    // WebAssembly hands every i32 to JavaScript as a signed number.
    const pointer = signed >>> 0;
    if (pointer + (size >>> 0) > buffer().byteLength) throw new InvalidMemoryAccess(`${pointer}+${size >>> 0}`);
    return pointer;
  };
  const view = (): DataView => new DataView(buffer());
  const bytes = (pointer: number, size: number): Uint8Array => {
    const start = at(pointer, size);
    return new Uint8Array(buffer().slice(start, start + (size >>> 0)));
  };
  return {
    bytes,
    text: (pointer, size) => Buffer.from(bytes(pointer, size)).toString(),
    writeU32: (pointer, value) => view().setUint32(at(pointer, 4), value, true),
    writeU64: (pointer, value) => view().setBigUint64(at(pointer, 8), value, true),
    give(value, pointerOut, sizeOut) {
      const given = typeof value === 'string' ? Buffer.from(value) : value;
      let pointer = 0;
      if (given.byteLength > 0) {
        pointer = allocate(given.byteLength) >>> 0;
        if (pointer === 0) throw new InvalidMemoryAccess('proxy_on_memory_allocate returned 0');
        new Uint8Array(buffer()).set(given, at(pointer, given.byteLength));
      }
      view().setUint32(at(pointerOut, 4), pointer, true);
      view().setUint32(at(sizeOut, 4), given.byteLength, true);
    },
  };
}
