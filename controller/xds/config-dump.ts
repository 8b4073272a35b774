import { fromBinary, type JsonValue, toJson } from '@bufbuild/protobuf';
import { registry, schema } from '#proto/load.ts';
import { withoutCredentials } from './redact.ts';
import { resourceBody } from './resource-body.ts';
import { wholeRoutes } from './route-configuration.ts';
import type { XdsResource, XdsSnapshot } from './snapshot.ts';
import { MESSAGE_NAME, typeUrl, type XdsType } from './types.ts';

/** A JSON object. */
export type JsonRecord = { readonly [field: string]: JsonValue };

/** What a proxy has or is to have, in the form of Envoy's `/config_dump` (`envoy.admin.v3.ConfigDump`). */
export interface ConfigDump {
  readonly configs: readonly JsonRecord[];
}

/**
 * A snapshot in the form of Envoy's config dump: proto JSON with Envoy's own field names, as dynamic resources with their
 * versions. Private keys and passwords are left out, as Envoy does. Kinds without a resource are left out, too.
 */
export function configDump(snapshot: XdsSnapshot): ConfigDump {
  const whole = wholeRoutes(snapshot);
  return {
    configs: SECTIONS.flatMap(({ type, message, list, entry }) => {
      const resources = [...whole[type].values()];
      if (resources.length === 0) return [];
      const entries = resources.map((resource) => entry(resource.name, resource.version, show(type, resource)));
      return [{ '@type': `type.googleapis.com/envoy.admin.v3.${message}`, [list]: entries }];
    }),
  };
}

/** Where Envoy's dump has each kind: the message, its list, and how one entry looks (`envoy/admin/v3/config_dump.proto`). */
const SECTIONS: readonly {
  readonly type: XdsType;
  readonly message: string;
  readonly list: string;
  readonly entry: (name: string, version: string, shown: JsonRecord) => JsonRecord;
}[] = [
  {
    type: 'cluster',
    message: 'ClustersConfigDump',
    list: 'dynamic_active_clusters',
    entry: (_name, version_info, cluster) => ({ version_info, cluster }),
  },
  {
    type: 'endpoint',
    message: 'EndpointsConfigDump',
    list: 'dynamic_endpoint_configs',
    entry: (_name, version_info, endpoint_config) => ({ version_info, endpoint_config }),
  },
  {
    type: 'listener',
    message: 'ListenersConfigDump',
    list: 'dynamic_listeners',
    entry: (name, version_info, listener) => ({ name, active_state: { version_info, listener } }),
  },
  {
    type: 'route',
    message: 'RoutesConfigDump',
    list: 'dynamic_route_configs',
    entry: (_name, version_info, route_config) => ({ version_info, route_config }),
  },
  {
    type: 'secret',
    message: 'SecretsConfigDump',
    list: 'dynamic_active_secrets',
    entry: (name, version_info, secret) => ({ name, version_info, secret: withoutSecrets(secret) }),
  },
  {
    type: 'extension-config',
    message: 'EcdsConfigDump',
    list: 'ecds_filters',
    entry: (_name, version_info, ecds_filter) => ({ version_info, ecds_filter }),
  },
];

function show(type: XdsType, { wire }: XdsResource): JsonRecord {
  const message = schema(MESSAGE_NAME[type]);
  const json = toJson(message, fromBinary(message, resourceBody(wire)), {
    registry: registry(),
    useProtoFieldName: true,
  });
  return { '@type': typeUrl(type), ...(isRecord(json) ? withoutCredentials(json) : {}) };
}

/** Stands where a secret was left out, as in Envoy's own dump. */
const REDACTED = '[redacted]';

/** Fields of `envoy.extensions.transport_sockets.tls.v3.Secret` that Envoy marks as sensitive. */
const SENSITIVE: ReadonlySet<string> = new Set(['private_key', 'password', 'keys', 'pkcs12', 'generic_secret']);

function withoutSecrets(secret: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(secret).map(([field, value]): [string, JsonValue] => {
      if (SENSITIVE.has(field)) return [field, { inline_string: REDACTED }];
      return [field, isRecord(value) ? { ...withoutSecrets(value) } : value];
    }),
  );
}

function isRecord(value: JsonValue): value is { [field: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
