/** Headers in order, each as name and value; a name may repeat. */
export type Headers = readonly (readonly [string, string])[];

/**
 * Serialises headers as Proxy-Wasm does: a count, the length of each name and value, then each name and value with a
 * NUL behind it; the numbers are little-endian u32.
 */
export function encodePairs(headers: Headers): Uint8Array {
  const pairs = headers.map(([name, value]) => [Buffer.from(name), Buffer.from(value)] as const);
  const lengths = Buffer.alloc(4 + 8 * pairs.length);
  lengths.writeUInt32LE(pairs.length, 0);
  pairs.forEach(([name, value], index) => {
    lengths.writeUInt32LE(name.length, 4 + 8 * index);
    lengths.writeUInt32LE(value.length, 8 + 8 * index);
  });
  const nul = Buffer.alloc(1);
  return Buffer.concat([lengths, ...pairs.flatMap(([name, value]) => [name, nul, value, nul])]);
}

/** Reads what {@link encodePairs} writes; `undefined` when the lengths do not fit. No bytes at all are no headers. */
export function decodePairs(bytes: Uint8Array): [string, string][] | undefined {
  if (bytes.byteLength === 0) return [];
  const buffer = Buffer.from(bytes);
  if (buffer.length < 4) return undefined;
  const count = buffer.readUInt32LE(0);
  let at = 4 + 8 * count;
  if (at > buffer.length) return undefined;
  const headers: [string, string][] = [];
  for (let index = 0; index < count; index += 1) {
    const valueAt = at + buffer.readUInt32LE(4 + 8 * index) + 1;
    const end = valueAt + buffer.readUInt32LE(8 + 8 * index) + 1;
    if (end > buffer.length) return undefined;
    headers.push([buffer.toString('utf8', at, valueAt - 1), buffer.toString('utf8', valueAt, end - 1)]);
    at = end;
  }
  return headers;
}
