import { WIRE } from './field-reader.ts';

/**
 * Writes a protobuf message from its end to its beginning, so that the length of what is nested is known when it is written. Fields
 * come out in the reverse of the order in which they are written. What is empty, zero or false is left out, as proto3 has it. For
 * what is written on every request.
 */
export class BackwardWriter {
  #buffer = Buffer.allocUnsafe(4096);
  #at = this.#buffer.length;

  /** Begins anew; what was written is forgotten. */
  reset(): void {
    this.#at = this.#buffer.length;
  }

  /** Gives a copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(this.#at));
  }

  /** A mark for `message`: where its fields end. */
  get mark(): number {
    return this.#buffer.length - this.#at;
  }

  /** Makes a nested message of what was written since the mark. */
  message(field: number, mark: number): void {
    this.#varint(this.mark - mark);
    this.#tag(field, WIRE.bytes);
  }

  text(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    if (length === 0) return;
    this.#reserve(length);
    this.#at -= length;
    this.#buffer.write(text, this.#at, length, 'utf8');
    this.#varint(length);
    this.#tag(field, WIRE.bytes);
  }

  bytes(field: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#reserve(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
    this.#varint(bytes.length);
    this.#tag(field, WIRE.bytes);
  }

  /** A number from 0 to 2^31 - 1; also a boolean, and an enum. */
  number(field: number, value: number): void {
    if (value === 0) return;
    this.#varint(value);
    this.#tag(field, WIRE.varint);
  }

  #tag(field: number, wire: number): void {
    this.#varint((field << 3) | wire);
  }

  #varint(value: number): void {
    this.#reserve(5);
    let length = 1;
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) length += 1;
    this.#at -= length;
    let rest = value;
    for (let index = 0; index < length - 1; index += 1) {
      this.#buffer[this.#at + index] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#buffer[this.#at + length - 1] = rest;
  }

  #reserve(length: number): void {
    if (this.#at >= length) return;
    const written = this.#buffer.subarray(this.#at);
    const larger = Buffer.allocUnsafe(2 * (written.length + length));
    larger.set(written, larger.length - written.length);
    this.#at = larger.length - written.length;
    this.#buffer = larger;
  }
}
