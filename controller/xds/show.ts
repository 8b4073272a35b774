import type { JsonObject } from '@bufbuild/protobuf';
import { withoutCredentials } from './redact.ts';
import { resourceJson } from './resource-json.ts';
import { wholeRoutes } from './route-configuration.ts';
import type { XdsResource, XdsSnapshot } from './snapshot.ts';
import { XDS_TYPES, type XdsType } from './types.ts';

/** A snapshot in proto JSON with Envoy's own field names, kinds and names in order, as Envoy's config dump shows it. */
export function showSnapshot(snapshot: XdsSnapshot): { readonly [T in XdsType]?: readonly JsonObject[] } {
  const whole = wholeRoutes(snapshot);
  return Object.fromEntries(
    XDS_TYPES.map((type) => [type, [...whole[type].values()].map((resource) => showResource(type, resource))]).filter(
      ([, shown]) => shown !== undefined && shown.length > 0,
    ),
  );
}

function showResource(type: XdsType, resource: XdsResource): JsonObject {
  const json = resourceJson(type, resource);
  return type === 'secret' ? withoutKeys(json) : withoutCredentials(json);
}

/** Fields of a Secret whose values are secrets, as Envoy's API marks them (`udpa.annotations.sensitive`). */
const SENSITIVE: ReadonlySet<string> = new Set(['private_key', 'password', 'keys', 'pkcs12', 'secret']);

/** A secret with its keys hidden, as Envoy's config dump has it. */
function withoutKeys(secret: JsonObject): JsonObject {
  const text = JSON.stringify(secret, (name, value: unknown) =>
    SENSITIVE.has(name) ? { inline_string: '[redacted]' } : value,
  );
  const shown: JsonObject = JSON.parse(text);
  return shown;
}
