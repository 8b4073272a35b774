import { Slice } from "./slice";
import { isUtf8 } from "./utf8";

/** Messages within messages beyond this depth are refused. */
const DEEPEST: u32 = 32;

/**
 * A total reader of protobuf messages: on malformed input it stops, clears `ok` and yields zero values; it never traps
 * and never reads outside its window. Slices it yields point into the bytes that are read.
 * https://protobuf.dev/programming-guides/encoding/
 */
@final
export class Reader {
  ok: bool = true;
  field: u32 = 0;
  wire: u32 = 0;
  private depth: u32 = 0;

  constructor(private at: usize, private end: usize) {}

  /** Starts over with other bytes: who reads on a request keeps one reader, and so makes no garbage. */
  restart(at: usize, end: usize): void {
    this.at = at;
    this.end = end;
    this.ok = true;
    this.depth = 0;
  }

  /** Whether another byte follows. */
  more(): bool {
    return this.ok && this.at < this.end;
  }

  /** Goes to the next field and sets `field` and `wire`. */
  next(): bool {
    if (!this.more()) return false;
    const tag = this.varint();
    if (!this.ok) return false;
    this.wire = <u32>(tag & 7);
    const number = tag >> 3;
    if (number == 0 || number > 0x1fffffff) return this.fail();
    this.field = <u32>number;
    return true;
  }

  /** Whether the field has this wire type. One that has not is malformed: skipping it could ignore a condition. */
  expect(wire: u32): bool {
    return this.wire == wire || this.fail();
  }

  /** One of the first `count` values of an enum; any other is malformed. */
  choice(count: u32): u32 {
    const value = this.varint();
    if (value < count) return <u32>value;
    this.fail();
    return 0;
  }

  varint(): u64 {
    let value: u64 = 0;
    for (let shift: u64 = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) break;
      const b = <u64>load<u8>(this.at++);
      if (shift == 63 && b > 1) break;
      value |= (b & 0x7f) << shift;
      if (b < 0x80) return value;
    }
    this.fail();
    return 0;
  }

  bytes(): Slice {
    const n = this.length();
    const slice = new Slice(this.at, n);
    this.at += n;
    return slice;
  }

  text(): Slice {
    const slice = this.bytes();
    if (!isUtf8(slice.ptr, slice.len)) this.fail();
    return slice;
  }

  /** The length-delimited field as a window of its own; give it to `join` when it is read. */
  sub(): Reader {
    const n = this.length();
    const sub = new Reader(this.at, this.at + n);
    sub.depth = this.depth + 1;
    if (!this.ok || sub.depth > DEEPEST) sub.fail();
    this.at += n;
    return sub;
  }

  join(sub: Reader): void {
    if (!sub.ok) this.fail();
  }

  skip(): void {
    switch (this.wire) {
      case 0: this.varint(); return;
      case 1: this.advance(8); return;
      case 2: this.advance(this.length()); return;
      case 5: this.advance(4); return;
      default: this.fail();
    }
  }

  private length(): u32 {
    const n = this.varint();
    if (!this.ok || n > <u64>(this.end - this.at)) {
      this.fail();
      return 0;
    }
    return <u32>n;
  }

  private advance(n: u32): void {
    if (this.end - this.at < n) this.fail();
    else this.at += n;
  }

  private fail(): bool {
    this.ok = false;
    this.at = this.end;
    return false;
  }
}
