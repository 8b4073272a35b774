/** "\0asm" and the version. */
const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** The smallest module that Envoy would take for a filter; `marks` makes modules that differ. */
export function proxyWasm(mark = '', exported = 'proxy_abi_version_0_2_1'): Uint8Array {
  const name = [...Buffer.from(exported)];
  const custom = [...Buffer.from(mark)];
  return Uint8Array.from([
    ...MAGIC,
    // One type: a function without parameters and results; one function of it, exported, with an empty body.
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...leb(name.length), ...name, 0, 0]),
    ...section(10, [1, 2, 0, 0x0b]),
    ...section(0, [4, ...Buffer.from('mark'), ...custom]),
  ]);
}

function section(id: number, content: readonly number[]): readonly number[] {
  return [id, ...leb(content.length), ...content];
}

function leb(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
