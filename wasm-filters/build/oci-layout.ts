import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { descriptor, json, type PackedImage } from './image.ts';

/** Renders an image as the files of an OCI image layout, path to bytes (OCI Image Specification, "Image Layout"). */
export function ociLayout({ mediaType, manifest, blobs }: PackedImage): ReadonlyMap<string, Uint8Array> {
  const named = descriptor(mediaType, manifest);
  return new Map([
    ...[...blobs, manifest].map((bytes) => [fileOf(descriptor('', bytes).digest), bytes] as const),
    ['oci-layout', json({ imageLayoutVersion: '1.0.0' })] as const,
    [
      'index.json',
      json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [named] }),
    ] as const,
  ]);
}

function fileOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** Writes `files` to `folder`, replacing it: a reader sees the old layout, none, or the new one, never a part of one. */
export async function replaceFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const temporary = `${folder}.${process.pid}.tmp`;
  const old = `${folder}.${process.pid}.old`;
  await rm(temporary, { recursive: true, force: true });
  for (const [name, bytes] of files) {
    const path = join(temporary, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  // A folder that is not empty cannot be renamed over.
  await rename(folder, old).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
  await rename(temporary, folder);
  await rm(old, { recursive: true, force: true });
}
