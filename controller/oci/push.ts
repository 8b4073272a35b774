import { type Outcome, success } from '../resources/verdict.ts';
import { type RegistryOptions, type RegistryReason, Repository } from './registry.ts';

/** An image to be pushed: its manifest, and the blobs that the manifest names. */
export interface PackedImage {
  readonly mediaType: string;
  readonly manifest: Uint8Array;
  readonly blobs: readonly Uint8Array[];
}

/**
 * Pushes an image: blobs first, then the manifest under the reference's tag, so that nobody finds a part of it. Resolves
 * with the digest of the manifest. `progress` learns of each blob.
 */
export async function pushImage(
  options: RegistryOptions,
  { mediaType, manifest, blobs }: PackedImage,
  progress: (blob: Uint8Array, outcome: 'sent' | 'present') => void = () => undefined,
): Promise<Outcome<string, RegistryReason>> {
  const repository = new Repository({ ...options, push: true });
  for (const blob of blobs) {
    const pushed = await repository.pushBlob(blob);
    if (!pushed.ok) return pushed;
    progress(blob, pushed.value);
  }
  const { tag, digest } = options.reference;
  const stored = await repository.pushManifest(tag ?? digest ?? 'latest', mediaType, manifest);
  return stored.ok ? success(stored.value) : stored;
}
