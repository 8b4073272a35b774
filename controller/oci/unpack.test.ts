import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { storedGzip } from '#wasm-filters/build/gzip.ts';
import { writeTar } from '#wasm-filters/build/tar.ts';
import { decompress, moduleInArchive } from './unpack.ts';
import { readTar } from './tar.ts';

const WASM = Buffer.from('\0asm and what follows');

/** An archive as another program writes it. */
async function tarOf(files: { readonly [path: string]: Buffer }): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, bytes] of Object.entries(files)) archive.entry({ name }, bytes);
  archive.finalize();
  return new Uint8Array(await buffer(archive));
}

const messageOf = (outcome: { ok: boolean; refusal?: { message: string } }): string => outcome.refusal?.message ?? 'ok';

describe('the module in an archive', () => {
  it.each(['plugin.wasm', './plugin.wasm', '/plugin.wasm'])('is its file %s', async (path) => {
    const archive = await tarOf({ 'README.md': Buffer.from('hello'), [path]: WASM });
    expect(moduleInArchive(archive)).toEqual({ ok: true, value: new Uint8Array(WASM) });
  });

  it('is no file of a folder, and none of another name', async () => {
    const archive = await tarOf({ 'bin/plugin.wasm': WASM, 'filter.wasm': WASM });
    expect(moduleInArchive(archive)).toEqual({ ok: true, value: undefined });
  });

  it('is found behind long names, of pax and GNU', async () => {
    const archive = await tarOf({ [`${'long/'.repeat(60)}name`]: Buffer.from('x'), 'plugin.wasm': WASM });
    expect(moduleInArchive(archive)).toEqual({ ok: true, value: new Uint8Array(WASM) });
  });

  it('is read from what we write', () => {
    for (const size of [0, 1, 511, 512, 513, 70_000]) {
      const bytes = new Uint8Array(size).fill(7);
      expect(readTar(writeTar('plugin.wasm', bytes))).toEqual({ ok: true, value: [{ path: 'plugin.wasm', bytes }] });
    }
  });
});

describe('an archive that is not what it says', () => {
  /** The archive with a change in the header of its first file, its sum put right. */
  const forged = (change: (header: Buffer) => void): Uint8Array => {
    const archive = Buffer.from(writeTar('plugin.wasm', WASM));
    const header = archive.subarray(0, 512);
    change(header);
    header.write('        ', 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return new Uint8Array(archive);
  };

  it('is refused when a file is larger than the archive', () => {
    expect(messageOf(readTar(forged((header) => header.write('77777777777', 124))))).toMatch(/announces more bytes/u);
  });

  it('is refused when a size is beyond all numbers, negative, or none', () => {
    expect(messageOf(readTar(forged((header) => header.fill(0xff, 124, 136))))).toMatch(/announces more bytes/u);
    expect(messageOf(readTar(forged((header) => header.write('-0000000001', 124))))).toMatch(/announces more bytes/u);
    expect(messageOf(readTar(forged((header) => header.write('           ', 124))))).toMatch(/announces more bytes/u);
  });

  it('is refused when a header of the pax format is huge', () => {
    const huge = Buffer.from(writeTar('x', new Uint8Array(1024 * 1024).fill(0x61)));
    huge.write('x', 156);
    const header = huge.subarray(0, 512);
    header.write('        ', 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(messageOf(readTar(huge))).toMatch(/headers of more than 65536 bytes/u);
  });

  it('is refused when it is no archive', () => {
    expect(messageOf(readTar(new Uint8Array(2048).fill(1)))).toMatch(/no header at byte 0/u);
  });

  it('never throws, whatever its bytes are', () => {
    const good = writeTar('plugin.wasm', WASM);
    for (let at = 0; at < good.length; at += 3) {
      const damaged = Uint8Array.from(good);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      expect(() => readTar(damaged.subarray(0, good.length - at))).not.toThrow();
    }
  });
});

describe('a layer', () => {
  const archive = writeTar('plugin.wasm', WASM);

  it.each([
    ['none', archive],
    ['gzip', gzipSync(archive)],
    ['gzip', storedGzip(archive)],
    ['zstd', zstdCompressSync(archive)],
  ] as const)('is unpacked as %s', async (compression, layer) => {
    const unpacked = await decompress(layer, compression);
    expect(unpacked.ok && Buffer.from(unpacked.value).equals(archive)).toBe(true);
  });

  it('of gzip that we write is what any gzip reads, of every size', async () => {
    for (const size of [0, 1, 65_535, 65_536, 200_000]) {
      const bytes = new Uint8Array(size).fill(3);
      const unpacked = await decompress(storedGzip(bytes), 'gzip');
      expect(unpacked.ok && Buffer.from(unpacked.value).equals(bytes)).toBe(true);
    }
  });

  it.each(['gzip', 'zstd'] as const)('that unpacks to gigabytes is given up: %s', async (compression) => {
    const zeros = Buffer.alloc(80 * 1024 * 1024);
    const bomb = compression === 'gzip' ? gzipSync(zeros) : zstdCompressSync(zeros);
    expect(bomb.length).toBeLessThan(200_000);
    expect(messageOf(await decompress(bomb, compression))).toMatch(/unpacks to more than/u);
  });

  it('that is damaged is refused', async () => {
    expect(messageOf(await decompress(gzipSync(archive).subarray(0, 40), 'gzip'))).toMatch(
      /cannot be unpacked as gzip/u,
    );
    expect(messageOf(await decompress(archive, 'gzip'))).toMatch(/cannot be unpacked as gzip/u);
  });
});
