import { decodeBase64Url, decodedSize } from "./base64url";
import {
  countMembers, firstElement as firstOf, firstKey as firstKeyOf, Json, JsonKind, kindOf, numberOf, rawLen, rawPtr, textEquals, textOf,
} from "./json";
import { sameBytes, Slice } from "./slice";

/**
 * Takes values from JSON into messages, for readers that are generated: what is not as it should be clears `ok`. Texts and
 * bytes outlive the callback, until `free`.
 */
@final
export class JsonReader {
  ok: bool = true;
  private kept: usize[] = [];

  fail(): void {
    this.ok = false;
  }

  /** Frees all texts and bytes. */
  free(): void {
    for (let i = 0; i < this.kept.length; i++) heap.free(this.kept[i]);
    this.kept = [];
  }

  firstKey(json: Json): Json {
    if (kindOf(json) != JsonKind.object) this.fail();
    return firstKeyOf(json);
  }

  firstElement(json: Json): Json {
    if (kindOf(json) != JsonKind.array) this.fail();
    return firstOf(json);
  }

  /** Whether a key of an object is this name; one that is there twice is an error. */
  isMember(object: Json, key: Json, name: Slice): bool {
    if (!textEquals(key, name.ptr, name.len)) return false;
    if (countMembers(object, name) > 1) this.fail();
    return true;
  }

  text(json: Json): Slice {
    if (kindOf(json) != JsonKind.text) this.fail();
    if (!this.ok) return Slice.EMPTY;
    const text = textOf(json);
    const to = this.keep(text.len);
    memory.copy(to, text.ptr, text.len);
    return new Slice(to, text.len);
  }

  /** Base64 of either alphabet, with padding or without. */
  bytes(json: Json): Slice {
    if (kindOf(json) != JsonKind.text) this.fail();
    if (!this.ok) return Slice.EMPTY;
    const text = textOf(json);
    let len = text.len;
    while (len > 0 && load<u8>(text.ptr + len - 1) == 61) len--;
    const safe = this.keep(len);
    for (let i: u32 = 0; i < len; i++) store<u8>(safe + i, urlSafe(load<u8>(text.ptr + i)));
    const to = this.keep(decodedSize(len));
    const size = decodeBase64Url(safe, len, to);
    if (size < 0) this.fail();
    return new Slice(to, size < 0 ? 0 : <u32>size);
  }

  flag(json: Json): bool {
    const kind = kindOf(json);
    if (kind != JsonKind.yes && kind != JsonKind.no) this.fail();
    return kind == JsonKind.yes;
  }

  /** A whole number from 0 to `most`, written as a number or, as those of 64 bits are, as text. */
  whole(json: Json, most: u64): u64 {
    if (kindOf(json) == JsonKind.text) return this.digits(json, most);
    const value = numberOf(json);
    if (!(value >= 0 && value <= 9007199254740991 && Math.floor(value) == value) || <u64>value > most) {
      this.fail();
      return 0;
    }
    return <u64>value;
  }

  choice(json: Json, names: string[]): i32 {
    for (let i = 0; i < names.length; i++) if (isText(json, names[i])) return i;
    this.fail();
    return 0;
  }

  private digits(json: Json, most: u64): u64 {
    let value: u64 = 0;
    const len = rawLen(json);
    for (let i: u32 = 0; i < len; i++) {
      const digit = <u64>load<u8>(rawPtr(json) + i) - 48;
      if (digit > 9 || value > (most - digit) / 10) {
        this.fail();
        return 0;
      }
      value = value * 10 + digit;
    }
    if (len == 0) this.fail();
    return value;
  }

  private keep(size: usize): usize {
    const at = heap.alloc(size < 1 ? 1 : size);
    this.kept.push(at);
    return at;
  }
}

function urlSafe(c: u8): u8 {
  if (c == 43) return 45;
  return c == 47 ? 95 : c;
}

function isText(json: Json, text: string): bool {
  if (kindOf(json) != JsonKind.text) return false;
  const encoded = String.UTF8.encode(text);
  const own = textOf(json);
  return own.len == <u32>encoded.byteLength && sameBytes(own.ptr, changetype<usize>(encoded), own.len);
}
