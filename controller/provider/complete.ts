import type { Resource, Secret, Namespace } from '#controller/api/gen/types.d.ts';

/**
 * A valid resource as an API server would store it.
 *
 * - a Secret's `stringData` is merged into its `data`, over what is there (core/v1 Secret.stringData)
 * - a Namespace has the label `kubernetes.io/metadata.name` (KEP-2161)
 */
export function completed(resource: Resource): Resource {
  if (resource.kind === 'Secret') return mergeStringData(resource);
  return resource.kind === 'Namespace' ? labelled(resource) : resource;
}

function mergeStringData(secret: Secret): Secret {
  if (secret.stringData === undefined) return secret;
  const { stringData, ...rest } = secret;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
  return Object.freeze({ ...rest, data: Object.freeze({ ...secret.data, ...Object.fromEntries(encoded) }) });
}

function labelled(namespace: Namespace): Namespace {
  const { metadata } = namespace;
  const labels = Object.freeze({ ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name });
  return Object.freeze({ ...namespace, metadata: Object.freeze({ ...metadata, labels }) });
}
