import type { JsonObject } from '@bufbuild/protobuf';
import { resourceJson } from './resource-json.ts';
import type { XdsResource, XdsSnapshot } from './snapshot.ts';
import { XDS_TYPES, type XdsType } from './types.ts';

/** A snapshot in proto JSON with Envoy's own field names, kinds and names in order, as Envoy's config dump shows it. */
export function showSnapshot(snapshot: XdsSnapshot): { readonly [T in XdsType]?: readonly JsonObject[] } {
  return Object.fromEntries(
    XDS_TYPES.map((type) => [
      type,
      [...snapshot[type].values()].map((resource) => showResource(type, resource)),
    ]).filter(([, shown]) => shown !== undefined && shown.length > 0),
  );
}

function showResource(type: XdsType, resource: XdsResource): JsonObject {
  const json = resourceJson(type, resource);
  return type === 'secret' ? withoutKeys(json) : json;
}

/** A secret with its private key hidden, as Envoy's config dump has it. */
function withoutKeys(secret: JsonObject): JsonObject {
  const text = JSON.stringify(secret, (name, value: unknown) =>
    name === 'private_key' ? { inline_string: '[redacted]' } : value,
  );
  const shown: JsonObject = JSON.parse(text);
  return shown;
}
