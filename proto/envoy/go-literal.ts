const BACKSLASH = 0x5c;

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': BACKSLASH,
  '"': 0x22,
  "'": 0x27,
};

/** Length of the digits after the escape's letter, and their base (Go specification, "Rune literals"). */
const NUMERIC: Readonly<Record<string, { readonly digits: number; readonly kind: 'byte' | 'rune' }>> = {
  x: { digits: 2, kind: 'byte' },
  u: { digits: 4, kind: 'rune' },
  U: { digits: 8, kind: 'rune' },
};

/**
 * Gives the bytes of the body of an interpreted Go string literal (Go specification, "String literals"): what stands
 * between the quotes, escapes unresolved, read as UTF-8. Throws on an escape that Go does not have.
 */
export function goStringBytes(body: Uint8Array): Uint8Array {
  const out = new Uint8Array(body.length);
  let length = 0;
  let at = 0;
  while (at < body.length) {
    const byte = body[at] ?? 0;
    if (byte !== BACKSLASH) {
      out[length++] = byte;
      at += 1;
      continue;
    }
    const escape = readEscape(body, at + 1);
    out.set(escape.bytes, length);
    length += escape.bytes.length;
    at = escape.end;
  }
  return out.subarray(0, length);
}

interface Escape {
  readonly bytes: Uint8Array;
  /** Offset of the first byte after the escape. */
  readonly end: number;
}

function readEscape(body: Uint8Array, at: number): Escape {
  const letter = String.fromCharCode(body[at] ?? 0);
  const simple = SIMPLE[letter];
  if (simple !== undefined) return { bytes: Uint8Array.of(simple), end: at + 1 };
  if (letter >= '0' && letter <= '7') {
    return { bytes: Uint8Array.of(readNumber(body, at, 3, 8)), end: at + 3 };
  }
  const numeric = NUMERIC[letter];
  if (numeric === undefined) throw new Error(`Go string literal: no such escape \\${letter}`);
  const value = readNumber(body, at + 1, numeric.digits, 16);
  const bytes = numeric.kind === 'byte' ? Uint8Array.of(value) : new TextEncoder().encode(String.fromCodePoint(value));
  return { bytes, end: at + 1 + numeric.digits };
}

function readNumber(body: Uint8Array, at: number, digits: number, base: 8 | 16): number {
  const text = String.fromCharCode(...body.subarray(at, at + digits));
  const accepted = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  if (text.length !== digits || !accepted.test(text)) throw new Error(`Go string literal: bad digits ${text}`);
  return Number.parseInt(text, base);
}
