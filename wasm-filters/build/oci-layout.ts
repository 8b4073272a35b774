import { createHash } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Renders `wasm` as the files of an OCI image layout (path to bytes), the same bytes for the same module.
 *
 * The artifact is that of the CNCF "Wasm OCI Artifact Layout": a configuration of
 * `application/vnd.wasm.config.v0+json` and one layer of `application/wasm`; the layout is that of the OCI image
 * specification, "Image Layout". `created`, which the configuration must have, is the epoch: a real time would make
 * every build another artifact.
 */
export function ociLayout(wasm: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const blob = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    files.set(`blobs/sha256/${hex}`, bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength };
  };
  const layer = blob('application/wasm', wasm);
  const config = blob(
    'application/vnd.wasm.config.v0+json',
    json({ created: '1970-01-01T00:00:00Z', architecture: 'wasm', os: 'wasip1', layerDigests: [layer.digest] }),
  );
  const manifest = blob(MANIFEST_TYPE, json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [layer] }));
  files.set('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
  files.set(
    'index.json',
    json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [manifest] }),
  );
  return files;
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

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
