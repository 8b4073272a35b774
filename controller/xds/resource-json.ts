import { fromBinary, type JsonObject, toJson } from '@bufbuild/protobuf';
import { registry, schema } from '#proto/load.ts';
import { resourceBody } from './resource-body.ts';
import type { XdsResource } from './snapshot.ts';
import { MESSAGE_NAME, type XdsType } from './types.ts';

/** A resource in proto JSON with Envoy's own field names; a Secret with its key. */
export function resourceJson(type: XdsType, { wire }: XdsResource): JsonObject {
  const message = schema(MESSAGE_NAME[type]);
  const json = toJson(message, fromBinary(message, resourceBody(wire)), {
    registry: registry(),
    useProtoFieldName: true,
  });
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error(`${type} is no JSON object`);
  return json;
}
