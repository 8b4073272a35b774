import type { Any } from '@bufbuild/protobuf/wkt';
import type { ApiKeyAuthIr } from '../../ir/credentials.ts';
import { any, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** Name of the filter that asks for a key. */
export const API_KEY_FILTER = 'envoy.filters.http.api_key_auth';

/** The filter itself: off, until a route turns it on with its clients (envoy.extensions.filters.http.api_key_auth.v3). */
export function apiKeyAuthFilter(): HttpFilter {
  const config = any('envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth', {});
  return { name: API_KEY_FILTER, disabled: true, configType: { case: 'typedConfig', value: config } };
}

/** What a route says to turn the filter on: its clients, and where their keys are. */
export function apiKeyAuthPerRoute({ clients, sources, forwardHeader, hidesKey }: ApiKeyAuthIr): Any {
  return any('envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute', {
    credentials: clients.map(({ client, apiKey }) => ({ client, key: apiKey })),
    keySources: sources.map(({ kind, name }) => ({ [kind]: name })),
    forwarding: { header: forwardHeader ?? '', hideCredentials: hidesKey },
  });
}
