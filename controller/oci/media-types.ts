/** Media types of manifests that one image has (OCI Image Specification; Docker Image Manifest V2, Schema 2). */
export const IMAGE_MANIFESTS: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** Media types of lists of manifests, one for each platform. */
export const INDEXES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

/**
 * Layers that are a module as such: the CNCF's "Wasm OCI Artifact layout", the "Wasm Image Specification" of Solo.io, and
 * what wasm-to-oci writes.
 */
export const WASM_LAYERS: readonly string[] = [
  'application/wasm',
  'application/vnd.module.wasm.content.layer.v1+wasm',
  'application/vnd.wasm.content.layer.v1+wasm',
];

/** How the archive of a layer is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** Layers that are an archive of files, one of them `plugin.wasm` (the "compat" variant of the Wasm Image Specification). */
export const TAR_LAYERS: ReadonlyMap<string, Compression> = new Map([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
]);
