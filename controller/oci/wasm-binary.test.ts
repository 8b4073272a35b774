import { describe, expect, it } from 'vitest';
import { compilePolicy } from '#wasm-filters/build.ts';
import { checkModule } from './image-module.ts';
import { proxyWasm } from './testing/proxy-wasm.ts';
import { readWasm } from './wasm-binary.ts';

const messageOf = (outcome: { ok: boolean; refusal?: { message: string } }): string => outcome.refusal?.message ?? 'ok';

describe('a module', () => {
  it('tells its imports, exports and ABI as V8 does', async () => {
    const bytes = await compilePolicy();
    const module = new WebAssembly.Module(new Uint8Array(bytes));
    const read = readWasm(bytes);
    expect(read).toEqual({
      ok: true,
      value: {
        imports: WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`),
        exports: WebAssembly.Module.exports(module).map(({ name }) => name),
        abi: '0.2.1',
      },
    });
  });

  it('may import memories, tables, globals and functions', () => {
    const name = [1, 0x65];
    const imports = [
      4,
      ...name,
      ...name,
      0,
      0,
      ...name,
      ...name,
      1,
      0x70,
      1,
      0,
      9,
      ...name,
      ...name,
      2,
      0,
      1,
      ...name,
      ...name,
      3,
      0x7f,
      0,
    ];
    const bytes = Uint8Array.from([...proxyWasm().subarray(0, 8), 2, imports.length, ...imports]);
    expect(readWasm(bytes)).toMatchObject({ ok: true, value: { imports: ['e.e', 'e.e', 'e.e', 'e.e'] } });
  });

  it.each([
    ['nothing', new Uint8Array(0), /do not begin with/u],
    ['text', Buffer.from('<html>not found</html>'), /do not begin with/u],
    ['a component', Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), /no WebAssembly module of version 1/u],
    ['a section that does not end', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 0x7f, 1), /damaged/u],
    ['exports without an end', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 2, 9, 1), /damaged/u],
    ['a size of 5 bytes', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 7, 255, 255, 255, 255, 255, 1), /damaged/u],
    ['a module for something else', proxyWasm('', '_start'), /no filter for Envoy/u],
    ['a module of an ABI to come', proxyWasm('', 'proxy_abi_version_9_9_9'), /no filter for Envoy/u],
  ])('is not %s', (_, bytes, reason) => {
    expect(messageOf(checkModule(bytes))).toMatch(reason);
  });

  it('never throws, whatever its bytes are', async () => {
    const good = await compilePolicy();
    for (let at = 8; at < 4_000; at += 1) {
      const damaged = good.slice(0, 6_000);
      damaged[at] = (at * 37) & 0xff;
      expect(() => readWasm(damaged)).not.toThrow();
    }
  });
});
