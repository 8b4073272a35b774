import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packImage } from './image.ts';
import { ociLayout, replaceFolder } from './oci-layout.ts';

const WASM = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-layout-'));
});
afterEach(() => rm(folder, { recursive: true }));

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('an OCI layout', () => {
  it('leads from the index over the manifest to the module, each under its own digest', () => {
    const files = ociLayout(packImage(WASM, 'artifact'));
    const blobs = [...files].filter(([name]) => name.startsWith('blobs/'));
    expect(blobs.map(([name]) => name)).toEqual(blobs.map(([, bytes]) => `blobs/sha256/${sha256(bytes)}`));
    const layer = { mediaType: 'application/wasm', digest: `sha256:${sha256(WASM)}`, size: WASM.length };
    const [manifest] = [...files.values()].filter((bytes) => text(bytes).includes('"layers"'));
    expect(JSON.parse(text(manifest))).toMatchObject({
      config: { mediaType: 'application/vnd.wasm.config.v0+json' },
      layers: [layer],
    });
    expect(JSON.parse(text(files.get('index.json')))).toMatchObject({
      manifests: [{ digest: `sha256:${sha256(manifest ?? new Uint8Array())}`, size: manifest?.length }],
    });
    expect(JSON.parse(text(files.get('oci-layout')))).toEqual({ imageLayoutVersion: '1.0.0' });
  });

  it('is another for another module, and the same for the same', () => {
    expect(ociLayout(packImage(WASM, 'artifact'))).toEqual(ociLayout(packImage(WASM, 'artifact')));
    expect(ociLayout(packImage(WASM, 'artifact')).get('index.json')).not.toEqual(
      ociLayout(packImage(new Uint8Array([1]), 'artifact')).get('index.json'),
    );
  });
});

describe('replacing a folder', () => {
  it('leaves nothing of what was there, and nothing beside it', async () => {
    const target = join(folder, 'policy');
    await mkdir(target);
    await writeFile(join(target, 'stale'), '');
    await replaceFolder(target, new Map([['blobs/one', WASM]]));
    expect(await readdir(folder)).toEqual(['policy']);
    expect(await readdir(target)).toEqual(['blobs']);
    expect(new Uint8Array(await readFile(join(target, 'blobs/one')))).toEqual(WASM);
  });

  it('makes the folders above it', async () => {
    await replaceFolder(join(folder, 'a/b'), new Map([['one', WASM]]));
    expect(await readdir(join(folder, 'a/b'))).toEqual(['one']);
  });
});
