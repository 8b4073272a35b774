import { createHash } from 'node:crypto';
import { storedGzip } from './gzip.ts';
import { writeTar } from './tar.ts';

/**
 * How an image carries a module: `artifact` as such, with one layer of `application/wasm` (CNCF "Wasm OCI Artifact
 * layout"); `compat` as `plugin.wasm` in the archive of an ordinary image ("Wasm Image Specification", compat variant), for
 * registries and tools that know no other.
 */
export const IMAGE_LAYOUTS = ['artifact', 'compat'] as const;

export type ImageLayout = (typeof IMAGE_LAYOUTS)[number];

/** An image: its manifest, and the blobs that the manifest names. */
export interface PackedImage {
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  /** The layer, then the configuration. */
  readonly blobs: readonly Uint8Array[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
/** `created` is in every configuration; a real time would make every build another image. */
const CREATED = '1970-01-01T00:00:00Z';

/** Packs a module as an image, the same bytes for the same module. */
export function packImage(wasm: Uint8Array, layout: ImageLayout): PackedImage {
  switch (layout) {
    case 'artifact':
      return packed(wasm, 'application/wasm', {
        mediaType: 'application/vnd.wasm.config.v0+json',
        content: { created: CREATED, architecture: 'wasm', os: 'wasip1', layerDigests: [digestOf(wasm)] },
      });
    case 'compat': {
      const archive = writeTar('plugin.wasm', wasm);
      return packed(storedGzip(archive), 'application/vnd.oci.image.layer.v1.tar+gzip', {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        content: {
          created: CREATED,
          architecture: 'wasm',
          os: 'wasip1',
          config: {},
          rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
        },
      });
    }
    default:
      return layout satisfies never;
  }
}

function packed(layer: Uint8Array, type: string, config: { mediaType: string; content: object }): PackedImage {
  const content = json(config.content);
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor(config.mediaType, content),
    layers: [descriptor(type, layer)],
  };
  return { mediaType: MANIFEST_TYPE, manifest: json(manifest), blobs: [layer, content] };
}

/** What names bytes in a manifest or an index. */
export function descriptor(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** JSON as bytes. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
