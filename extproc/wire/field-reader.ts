/** How the value of a field is written (protobuf encoding, "Message structure"). */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Reads the fields of a protobuf message in place, without a schema: for what is read on every request, where describing a message
 * costs more than handling it. Bytes that are no message end the reading with `ok` false; nothing throws.
 */
export class FieldReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Number of the field that `next` came to. */
  field = 0;
  /** How its value is written. */
  wire = 0;
  /** A number that is not larger than 32 bits; larger ones are cut. */
  value = 0;
  /** Where the bytes of a value begin and end. */
  start = 0;
  end = 0;
  ok = true;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Goes to the next field; false at the end, or where it is no message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) this.ok = false;
    if (this.ok) this.#readValue();
    return this.ok;
  }

  #readValue(): void {
    switch (this.wire) {
      case WIRE.varint:
        this.value = this.#varint();
        return;
      case WIRE.fixed64:
        this.#skip(8);
        return;
      case WIRE.bytes:
        this.#skip(this.#varint());
        return;
      case WIRE.fixed32:
        this.#skip(4);
        return;
      default:
        // Groups are of protobuf's first version, and nobody sends them.
        this.ok = false;
    }
  }

  #skip(length: number): void {
    this.start = this.#at;
    this.end = this.#at + length;
    this.#at = this.end;
    if (this.end > this.#end) this.ok = false;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
      if (byte === undefined) break;
      this.#at += 1;
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    this.ok = false;
    return 0;
  }
}
