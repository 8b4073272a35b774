import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import { registry, schema } from '#proto/load.ts';
import type { XdsSnapshot } from './snapshot.ts';
import { MESSAGE_NAME, XDS_TYPES, type XdsType } from './types.ts';
import { resourceBody } from './resource-body.ts';

/** A snapshot in proto JSON with Envoy's own field names, kinds and names in order, as Envoy's config dump shows it. */
export function showSnapshot(snapshot: XdsSnapshot): { readonly [T in XdsType]?: readonly JsonObject[] } {
  return Object.fromEntries(
    XDS_TYPES.map((type) => [type, [...snapshot[type].values()].map(({ wire }) => showResource(type, wire))]).filter(
      ([, shown]) => shown !== undefined && shown.length > 0,
    ),
  );
}

function showResource(type: XdsType, wire: Uint8Array): JsonObject {
  const message = schema(MESSAGE_NAME[type]);
  const json = toJson(message, fromBinary(message, resourceBody(wire)), {
    registry: registry(),
    useProtoFieldName: true,
  });
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${type} is no JSON object`);
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
