import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { LIMITS } from './limits.ts';
import type { Compression } from './media-types.ts';
import { readTar } from './tar.ts';

/** The file that is the module in an image that is made of archives. */
export const MODULE_FILE = 'plugin.wasm';

/**
 * Unpacks a layer. It stops at the size of the largest archive that is accepted, so that a few bytes which unpack to many
 * cost no more than that.
 */
export async function decompress(
  layer: Uint8Array,
  compression: Compression,
): Promise<Outcome<Uint8Array, 'Malformed'>> {
  if (compression === 'none') {
    return layer.length > LIMITS.archive ? tooLarge() : success(layer);
  }
  const options = { maxOutputLength: LIMITS.archive };
  try {
    return success(compression === 'gzip' ? await unGzip(layer, options) : await unZstd(layer, options));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge();
    const reason = error instanceof Error ? error.message : String(error);
    return refusal('Malformed', `the layer cannot be unpacked as ${compression}: ${reason}`);
  }
}

const unGzip = promisify(gunzip);
const unZstd = promisify(zstdDecompress);

/** Finds the module in an archive; `undefined` when it has none. */
export function moduleInArchive(archive: Uint8Array): Outcome<Uint8Array | undefined, 'Malformed'> {
  const files = readTar(archive);
  if (!files.ok) return files;
  return success(files.value.findLast(({ path }) => path === MODULE_FILE)?.bytes);
}

function tooLarge(): Outcome<Uint8Array, 'Malformed'> {
  return refusal('Malformed', `the layer unpacks to more than ${LIMITS.archive} bytes`);
}
