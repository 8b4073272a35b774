import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { endpointsOf } from './endpoints.ts';
import { type FoundModule, moduleOfImage } from './image-module.ts';
import { chooseManifest, type Descriptor } from './manifest.ts';
import { formatReference, type ImageReference } from './reference.ts';
import { type FoundManifest, type RegistryOptions, type RegistryReason, Repository } from './registry.ts';

/** An image, found in a registry. */
export interface FoundImage {
  /** Digest of the manifest that the reference names: the image's own, or that of a list it is in. */
  readonly digest: string;
  /** Digest of the manifest of the image. */
  readonly imageDigest: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An image and its module. */
export interface PulledModule {
  readonly image: FoundImage;
  readonly module: FoundModule;
}

/** What is pulled, and how. */
export interface PullOptions extends Omit<RegistryOptions, 'endpoint'> {
  /** Base URLs that are asked before a registry itself, by the registry's host. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>;
}

type Found<T> = Promise<Outcome<T, RegistryReason>>;

/** Pulls the module of an image from the first of its registry's mirrors that has it, else from the registry. */
export async function pullModule(options: PullOptions): Found<PulledModule> {
  return fromFirst(options, async (repository) => {
    const image = await findImage(repository, options.reference);
    if (!image.ok) return image;
    const module = await moduleOfImage(image.value.layers, (layer) => repository.blob(layer));
    return module.ok ? success({ image: image.value, module: module.value }) : module;
  });
}

/** The digest of what a reference names now, without pulling anything: some registries count pulls. */
export async function lookUpDigest(options: PullOptions): Found<string> {
  return fromFirst(options, (repository) => repository.digest(nameOf(options.reference)));
}

async function fromFirst<T>(options: PullOptions, find: (repository: Repository) => Found<T>): Found<T> {
  const endpoints = endpointsOf(options.reference, options.mirrors);
  if (!endpoints.ok) return endpoints;
  const failures: { readonly reason: RegistryReason; readonly message: string }[] = [];
  for (const endpoint of endpoints.value) {
    const found = await find(new Repository({ ...options, endpoint }));
    if (found.ok) return found;
    failures.push(found.refusal);
  }
  // What the first says counts: the registry itself is often out of reach where there is a mirror.
  const [first] = failures;
  return refusal(first?.reason ?? 'Unavailable', failures.map(({ message }) => message).join('; '));
}

async function findImage(repository: Repository, reference: ImageReference): Found<FoundImage> {
  const named = await repository.manifest(nameOf(reference));
  if (!named.ok) return named;
  const image = await imageOf(repository, named.value);
  if (!image.ok) return image;
  const { digest: imageDigest, manifest } = image.value;
  if (manifest.kind !== 'image') {
    return refusal('Malformed', `${formatReference(reference)}: a list of lists of images is not accepted`);
  }
  return success({ digest: named.value.digest, imageDigest, config: manifest.config, layers: manifest.layers });
}

function nameOf({ tag, digest }: ImageReference): string {
  return digest ?? tag ?? 'latest';
}

async function imageOf(repository: Repository, named: FoundManifest): Found<FoundManifest> {
  if (named.manifest.kind === 'image') return success(named);
  const chosen = chooseManifest(named.manifest.manifests);
  if (chosen === undefined) return refusal('Malformed', `the list ${named.digest} has no image`);
  return repository.manifest(chosen.digest);
}
