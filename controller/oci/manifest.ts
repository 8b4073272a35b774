import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { LIMITS, MOST } from './limits.ts';
import { IMAGE_MANIFESTS, INDEXES } from './media-types.ts';
import { DIGEST } from './reference.ts';

/** What names a blob or a manifest (OCI Image Specification, "Content Descriptors"). */
export interface Descriptor {
  readonly mediaType: string;
  /** "sha256:" and 64 lower-case hexadecimal digits. */
  readonly digest: string;
  /** Bytes, as its writer says. */
  readonly size: number;
}

/** One image, or a list of images. */
export type Manifest =
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: 'index'; readonly manifests: readonly PlatformDescriptor[] };

/** An image of a list, and what it is for ("wasm", "amd64", "unknown"). */
export interface PlatformDescriptor extends Descriptor {
  readonly architecture: string | undefined;
}

/** Reads a manifest; `mediaType` is what the answer says of it, for manifests that do not say it themselves. */
export function parseManifest(bytes: Uint8Array, mediaType: string | undefined): Outcome<Manifest, 'Malformed'> {
  if (bytes.length > LIMITS.manifest) {
    return refusal('Malformed', `a manifest of ${bytes.length} bytes; at most ${LIMITS.manifest} are accepted`);
  }
  const document = parseObject(bytes);
  if (document === undefined) return refusal('Malformed', 'the manifest is no JSON object');
  const type = textOf(document['mediaType']) ?? mediaType ?? '';
  if (INDEXES.includes(type)) return parseIndex(document['manifests']);
  if (IMAGE_MANIFESTS.includes(type)) return parseImage(document['config'], document['layers']);
  return refusal(
    'Malformed',
    `a manifest of type "${type}"; accepted are ${[...IMAGE_MANIFESTS, ...INDEXES].join(', ')}`,
  );
}

function parseImage(config: unknown, layers: unknown): Outcome<Manifest, 'Malformed'> {
  if (!isDescriptor(config)) return refusal('Malformed', 'the manifest: config: a descriptor is accepted');
  if (!Array.isArray(layers) || layers.length > MOST.layers || !layers.every(isDescriptor)) {
    return refusal('Malformed', `the manifest: layers: at most ${MOST.layers} descriptors are accepted`);
  }
  return success({ kind: 'image', config: pick(config), layers: layers.map(pick) });
}

function parseIndex(manifests: unknown): Outcome<Manifest, 'Malformed'> {
  if (!Array.isArray(manifests) || manifests.length > MOST.manifests || !manifests.every(isDescriptor)) {
    return refusal('Malformed', `the index: manifests: at most ${MOST.manifests} descriptors are accepted`);
  }
  return success({
    kind: 'index',
    manifests: manifests.map((entry: Descriptor & { readonly platform?: unknown }) => ({
      ...pick(entry),
      architecture: isObject(entry.platform) ? textOf(entry.platform['architecture']) : undefined,
    })),
  });
}

/**
 * The image of a list that holds the module: one for Wasm if there is any, else the first that is for a machine. Lists
 * carry records of how an image was built besides ("unknown").
 */
export function chooseManifest(manifests: readonly PlatformDescriptor[]): PlatformDescriptor | undefined {
  const images = manifests.filter(
    ({ mediaType, architecture }) => IMAGE_MANIFESTS.includes(mediaType) && architecture !== 'unknown',
  );
  return images.find(({ architecture }) => architecture === 'wasm') ?? images[0];
}

/** Parses JSON that is an object, or gives `undefined`. */
export function parseObject(bytes: Uint8Array): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a value is an object with fields. */
export function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function pick({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false;
  const { mediaType, digest, size } = value;
  return (
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    DIGEST.test(digest) &&
    typeof size === 'number' &&
    Number.isSafeInteger(size) &&
    size >= 0
  );
}
