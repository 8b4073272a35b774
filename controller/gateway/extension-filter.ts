import type {
  HTTPCredentialInjectionFilter,
  HTTPRouteFilter,
  LocalObjectReference,
} from '#controller/api/gen/types.d.ts';
import { ENVOY_GATEWAY_GROUP } from '../backends/resolve.ts';
import type { CredentialIr } from '../ir/credential.ts';
import { isWritableHeader, WRITABLE_HEADERS } from '../resources/header-name.ts';
import { mayRefer } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** Finds the HTTPRouteFilter that a filter of type ExtensionRef means; `undefined` when there is none. */
export function extensionFilter(
  { group, kind, name }: LocalObjectReference,
  namespace: string,
  resources: Resources,
): Outcome<HTTPRouteFilter | undefined> {
  if (group !== ENVOY_GATEWAY_GROUP || kind !== 'HTTPRouteFilter') {
    return refusal(
      'UnsupportedValue',
      `extensionRef: found kind ${kind} of group "${group}", accepted is HTTPRouteFilter of group ${ENVOY_GATEWAY_GROUP}`,
    );
  }
  const found = resources.get('HTTPRouteFilter', namespace, name);
  const missing = found === undefined ? undefined : unimplementedFields(found, 'UnsupportedValue');
  return missing === undefined ? success(found) : { ok: false, refusal: missing };
}

/** The key of a Secret under which a credential is (Envoy Gateway API, `InjectedCredential.valueRef`). */
const CREDENTIAL_KEY = 'credential';

/** Resolves `credentialInjection` of an HTTPRouteFilter. Nothing of the credential is in a message. */
export function credentialOf(
  filter: HTTPRouteFilter,
  { header = 'Authorization', overwrite = false, credential: { valueRef: ref } }: HTTPCredentialInjectionFilter,
  resources: Resources,
): Outcome<CredentialIr> {
  const { namespace } = filter.metadata;
  const at = `HTTPRouteFilter ${namespace}/${filter.metadata.name}: spec.credentialInjection`;
  const unsupported = (message: string) => refusal('UnsupportedValue', `${at}.${message}`);
  if (!isWritableHeader(header)) return unsupported(`header: found ${JSON.stringify(header)}, ${WRITABLE_HEADERS}`);
  const field = 'credential.valueRef';
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return unsupported(`${field}: found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`);
  }
  const target = ref.namespace ?? namespace;
  const from = { group: ENVOY_GATEWAY_GROUP, kind: filter.kind, namespace };
  if (!mayRefer(from, { group: '', kind: 'Secret', namespace: target, name: ref.name }, resources)) {
    const words = `lets HTTPRouteFilters of namespace ${namespace} refer to Secret ${ref.name}`;
    return unsupported(`${field}: no ReferenceGrant in namespace ${target} ${words}`);
  }
  const secret = resources.get('Secret', target, ref.name);
  if (secret === undefined) return unsupported(`${field}: Secret ${target}/${ref.name} does not exist`);
  const text = secret.stringData?.[CREDENTIAL_KEY];
  const value = text === undefined ? Buffer.from(secret.data?.[CREDENTIAL_KEY] ?? '', 'base64') : Buffer.from(text);
  if (value.length === 0) return unsupported(`${field}: Secret ${target}/${ref.name} has no key ${CREDENTIAL_KEY}`);
  // RFC 9110 section 5.5: what a field value cannot have; Envoy would take the request for two.
  if (value.some((byte) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f)) {
    return unsupported(`${field}: the value in Secret ${target}/${ref.name} has line breaks or control characters`);
  }
  return success({
    secret: `credential/${target}/${ref.name}`,
    secretValue: new Uint8Array(value),
    header: header.toLowerCase(),
    overwrites: overwrite,
  });
}
