import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** A Wasm module out of an image, its digest verified. */
export interface ImageModule {
  /** "sha256:" and 64 lower-case hexadecimal digits, over `bytes`. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Sizes beyond which an image is refused, in bytes. */
const LIMITS = { index: 65_536, manifest: 65_536, module: 64 * 1024 * 1024 } as const;

/** Media type of a module as such (CNCF "Wasm OCI Artifact layout"). */
const WASM_LAYER = 'application/wasm';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

type Read<T> = Promise<Outcome<T, 'Unreadable' | 'DigestMismatch' | 'Malformed'>>;

/**
 * Reads the module of an OCI image layout with one image (OCI Image Layout 1.1). Every blob must have the size and the
 * digest that is stated for it, down to the module.
 */
export async function readOciLayout(folder: string): Read<ImageModule> {
  const index = await readBounded(join(folder, 'index.json'), LIMITS.index);
  if (!index.ok) return index;
  const [manifestRef] = descriptors(parse(index.value), 'manifests');
  if (manifestRef === undefined)
    return refusal('Malformed', `${folder}/index.json: manifests: found none, one is needed`);
  const manifest = await readBlob(folder, manifestRef, LIMITS.manifest);
  if (!manifest.ok) return manifest;
  const layer = descriptors(parse(manifest.value), 'layers').find(({ mediaType }) => mediaType === WASM_LAYER);
  if (layer === undefined) {
    return refusal('Malformed', `${folder}: manifest ${manifestRef.digest}: layers: found none of type ${WASM_LAYER}`);
  }
  const module = await readBlob(folder, layer, LIMITS.module);
  return module.ok ? success({ digest: layer.digest, bytes: module.value }) : module;
}

async function readBlob(folder: string, { digest, size }: Descriptor, limit: number): Read<Buffer> {
  const hash = /^sha256:([0-9a-f]{64})$/u.exec(digest)?.[1];
  if (hash === undefined)
    return refusal('Malformed', `${folder}: digest: found ${digest}, accepted is sha256:<64 hex digits>`);
  const blob = await readBounded(join(folder, 'blobs', 'sha256', hash), Math.min(limit, size));
  if (!blob.ok) return blob;
  const found = createHash('sha256').update(blob.value).digest('hex');
  if (found !== hash || blob.value.length !== size) {
    return refusal(
      'DigestMismatch',
      `${folder}: blob ${digest} of ${size} bytes: found sha256:${found} of ${blob.value.length} bytes`,
    );
  }
  return blob;
}

async function readBounded(file: string, limit: number): Read<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > limit) return refusal('Malformed', `${file}: found ${size} bytes, at most ${limit} are accepted`);
      return success(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    return refusal('Unreadable', `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function descriptors(document: unknown, field: 'manifests' | 'layers'): readonly Descriptor[] {
  if (typeof document !== 'object' || document === null) return [];
  const list: unknown = Object.entries(document).find(([name]) => name === field)?.[1];
  return Array.isArray(list) ? list.filter(isDescriptor) : [];
}

function isDescriptor(value: unknown): value is Descriptor {
  if (typeof value !== 'object' || value === null) return false;
  const { mediaType, digest, size }: { mediaType?: unknown; digest?: unknown; size?: unknown } = value;
  return typeof mediaType === 'string' && typeof digest === 'string' && Number.isSafeInteger(size);
}
