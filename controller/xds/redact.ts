import type { JsonObject } from '@bufbuild/protobuf';

/** Stands where a secret was left out, as in Envoy's own dump. */
const REDACTED = '[redacted]';

/** Fields with secrets of messages that are part of others, as Envoy's API marks them (`udpa.annotations.sensitive`). */
const SENSITIVE: readonly { readonly type: RegExp; readonly hide: (message: JsonObject) => JsonObject }[] = [
  {
    type: /\.basic_auth\.v3\.BasicAuth(?:PerRoute)?$/u,
    hide: (message) => ({ ...message, users: { inline_string: REDACTED } }),
  },
  {
    type: /\.api_key_auth\.v3\.ApiKeyAuth(?:PerRoute)?$/u,
    hide: (message) => ({ ...message, credentials: [{ key: REDACTED, client: REDACTED }] }),
  },
];

/** A resource as JSON without the passwords and keys of users. */
export function withoutCredentials(resource: JsonObject): JsonObject {
  const text = JSON.stringify(resource);
  if (!text.includes('_auth.v3.')) return resource;
  const shown: JsonObject = JSON.parse(text, (_, value: unknown): unknown => {
    if (!isMessage(value)) return value;
    const type = value['@type'];
    return SENSITIVE.find((one) => one.type.test(type))?.hide(value) ?? value;
  });
  return shown;
}

function isMessage(value: unknown): value is JsonObject & { readonly '@type': string } {
  return typeof value === 'object' && value !== null && '@type' in value && typeof value['@type'] === 'string';
}
