import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { digestOf, type FoundModule, moduleOfImage } from './image-module.ts';
import { LIMITS } from './limits.ts';
import { chooseManifest, type Descriptor, type Manifest, parseManifest } from './manifest.ts';
import type { PackedImage } from './push.ts';

/** Why an image on disk cannot be used. */
export type LayoutReason = 'Unreadable' | 'DigestMismatch' | 'Malformed';

type Read<T> = Promise<Outcome<T, LayoutReason>>;

const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Reads the module of an OCI image layout with one image; see `readLayout`. */
export async function readLayoutModule(
  folder: string,
): Read<{ readonly image: { readonly digest: string }; readonly module: FoundModule }> {
  const image = await imageIn(folder);
  if (!image.ok) return image;
  const { manifest, bytes } = image.value;
  const module = await moduleOfImage(manifest.layers, (layer) => readBlob(folder, layer, LIMITS.layer));
  return module.ok ? success({ image: { digest: digestOf(bytes) }, module: module.value }) : module;
}

/**
 * Reads an OCI image layout with one image, to be pushed (OCI Image Layout 1.1). Every blob must have the size and the
 * digest that is stated for it.
 */
export async function readLayout(folder: string): Read<PackedImage> {
  const image = await imageIn(folder);
  if (!image.ok) return image;
  const { bytes, mediaType, manifest } = image.value;
  const blobs: Uint8Array[] = [];
  for (const descriptor of [...manifest.layers, manifest.config]) {
    const blob = await readBlob(folder, descriptor, LIMITS.layer);
    if (!blob.ok) return blob;
    blobs.push(blob.value);
  }
  return success({ mediaType, manifest: bytes, blobs });
}

interface ImageInLayout {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest & { readonly kind: 'image' };
}

async function imageIn(folder: string): Read<ImageInLayout> {
  const file = join(folder, 'index.json');
  const bytes = await readBounded(file, LIMITS.manifest);
  if (!bytes.ok) return bytes;
  const index = parseManifest(bytes.value, INDEX);
  if (!index.ok) return refusal('Malformed', `${file}: ${index.refusal.message}`);
  const chosen = index.value.kind === 'index' ? chooseManifest(index.value.manifests) : undefined;
  if (chosen === undefined) return refusal('Malformed', `${file}: manifests: found no image, one is needed`);
  const blob = await readBlob(folder, chosen, LIMITS.manifest);
  if (!blob.ok) return blob;
  const manifest = parseManifest(blob.value, chosen.mediaType);
  if (!manifest.ok) return refusal('Malformed', `${folder}: ${chosen.digest}: ${manifest.refusal.message}`);
  if (manifest.value.kind !== 'image') return refusal('Malformed', `${folder}: ${chosen.digest} is no image`);
  return success({ mediaType: chosen.mediaType, bytes: blob.value, manifest: manifest.value });
}

async function readBlob(folder: string, { digest, size }: Descriptor, limit: number): Read<Uint8Array> {
  // A descriptor's digest is of the form that makes it a file name.
  const file = join(folder, 'blobs', digest.replace(':', '/'));
  const blob = await readBounded(file, Math.min(limit, size));
  if (!blob.ok) return blob;
  const found = digestOf(blob.value);
  if (found !== digest || blob.value.length !== size) {
    const what = `blob ${digest} of ${size} bytes: found ${found} of ${blob.value.length} bytes`;
    return refusal('DigestMismatch', `${folder}: ${what}`);
  }
  return blob;
}

async function readBounded(file: string, limit: number): Read<Uint8Array> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      if (size > limit) return refusal('Malformed', `${file}: found ${size} bytes, at most ${limit} are accepted`);
      return success(new Uint8Array(await handle.readFile()));
    } finally {
      await handle.close();
    }
  } catch (error) {
    return refusal('Unreadable', `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
