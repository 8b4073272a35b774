import { createHash } from 'node:crypto';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { LIMITS } from './limits.ts';
import type { Descriptor } from './manifest.ts';
import { TAR_LAYERS, WASM_LAYERS } from './media-types.ts';
import { decompress, MODULE_FILE, moduleInArchive } from './unpack.ts';
import { readWasm } from './wasm-binary.ts';

/** A Wasm module out of an image, its digest verified. */
export interface ImageModule {
  /** "sha256:" and 64 lower-case hexadecimal digits, over `bytes`. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Which of the layouts in use an image has: "artifact" carries the module as such, "compat" an archive with it. */
export type ImageLayout = 'artifact' | 'compat';

/** A module and how its image carried it. */
export interface FoundModule extends ImageModule {
  readonly layout: ImageLayout;
}

/** Gives the bytes that a descriptor names, verified. */
export type ReadBlob<R extends string> = (descriptor: Descriptor) => Promise<Outcome<Uint8Array, R>>;

/**
 * Finds the module of an image: the first layer that is a module as such, else `plugin.wasm` in the uppermost archive that
 * has one. It must be a module that Envoy can load: written for the Proxy-Wasm ABI.
 */
export async function moduleOfImage<R extends string>(
  layers: readonly Descriptor[],
  readBlob: ReadBlob<R>,
): Promise<Outcome<FoundModule, R | 'Malformed'>> {
  const wasm = layers.find(({ mediaType }) => WASM_LAYERS.includes(mediaType));
  if (wasm !== undefined) {
    const bytes = await readLayer(wasm, readBlob);
    return bytes.ok ? moduleOf(bytes.value, 'artifact') : bytes;
  }
  const archives = layers.filter(({ mediaType }) => TAR_LAYERS.has(mediaType));
  if (archives.length === 0) {
    const found = layers.map(({ mediaType }) => mediaType).join(', ') || 'none';
    const accepted = [...WASM_LAYERS, ...TAR_LAYERS.keys()].join(', ');
    return refusal('Malformed', `the image has no layer with a module: found ${found}; accepted are ${accepted}`);
  }
  for (const layer of archives.toReversed()) {
    const bytes = await moduleInLayer(layer, readBlob);
    if (!bytes.ok) return bytes;
    if (bytes.value !== undefined) return moduleOf(bytes.value, 'compat');
  }
  return refusal('Malformed', `the image has no file ${MODULE_FILE}`);
}

async function moduleInLayer<R extends string>(
  layer: Descriptor,
  readBlob: ReadBlob<R>,
): Promise<Outcome<Uint8Array | undefined, R | 'Malformed'>> {
  const bytes = await readLayer(layer, readBlob);
  if (!bytes.ok) return bytes;
  const archive = await decompress(bytes.value, TAR_LAYERS.get(layer.mediaType) ?? 'none');
  return archive.ok ? moduleInArchive(archive.value) : archive;
}

async function readLayer<R extends string>(
  layer: Descriptor,
  readBlob: ReadBlob<R>,
): Promise<Outcome<Uint8Array, R | 'Malformed'>> {
  if (layer.size > LIMITS.layer) {
    return refusal('Malformed', `layer ${layer.digest} has ${layer.size} bytes; at most ${LIMITS.layer} are accepted`);
  }
  return readBlob(layer);
}

function moduleOf(bytes: Uint8Array, layout: ImageLayout): Outcome<FoundModule, 'Malformed'> {
  const checked = checkModule(bytes);
  // The part of an archive would keep all of it in memory.
  return checked.ok ? success({ ...checked.value, bytes: Uint8Array.from(bytes), layout }) : checked;
}

/** Takes bytes for a module that Envoy can load, or says why they are none. */
export function checkModule(bytes: Uint8Array): Outcome<ImageModule, 'Malformed'> {
  const binary = readWasm(bytes);
  if (!binary.ok) return binary;
  if (binary.value.abi === undefined) {
    return refusal(
      'Malformed',
      'the module is no filter for Envoy: it exports no proxy_abi_version_0_2_1 (or 0_2_0, 0_1_0)',
    );
  }
  return success({ digest: digestOf(bytes), bytes });
}

/** "sha256:<hex>" of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
