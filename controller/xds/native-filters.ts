import type { Any } from '@bufbuild/protobuf/wkt';
import { requestBandwidthFilter, responseBandwidthFilter } from '../features/bandwidth-limit/xds.ts';
import { corsFilter } from '../features/cors/xds.ts';
import { csrfFilter } from '../features/csrf/xds.ts';
import { askedGate, askedLaterGate } from '../features/asked/xds.ts';
import { faultFilter } from '../features/fault/xds.ts';
import { grpcWebFilter } from '../features/grpc-web/xds.ts';
import type { NativeFilter } from '../features/native-filter.ts';
import { bufferFilter } from '../features/request-buffer/xds.ts';
import { responseOverrideFilter } from '../features/response-override/xds.ts';
import { sessionFilter } from '../features/session/xds.ts';
import type { CredentialIr } from '../ir/credential.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';
import type { Init } from './build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/**
 * Envoy's own filters by where they stand, in Envoy Gateway's order: a preflight request is answered before anybody is asked
 * for a token; a request is kept until it is whole only when it may come in, and before users' filters see it.
 */
const NATIVE_FILTERS = {
  first: [responseOverrideFilter, faultFilter, corsFilter, csrfFilter, grpcWebFilter],
  afterAsking: [askedGate],
  beforeUsers: [bufferFilter],
  behindUsers: [askedLaterGate],
  last: [sessionFilter, requestBandwidthFilter, responseBandwidthFilter],
} as const satisfies { readonly [where: string]: readonly NativeFilter[] };

const ALL: readonly NativeFilter[] = Object.values(NATIVE_FILTERS).flat();

/** Envoy's own filters that stand at a place in every chain: off, until a route turns them on. */
export function nativeFilters(where: keyof typeof NATIVE_FILTERS): readonly HttpFilter[] {
  return NATIVE_FILTERS[where].map(httpFilter);
}

function httpFilter({ name, config }: NativeFilter): HttpFilter {
  return { name, disabled: true, configType: { case: 'typedConfig', value: config() } };
}

/** What a route says to Envoy's own filters, by the filter's name; what is not there stays off. */
export function nativePerRoute(
  features: RouteFeaturesIr,
  credentials: readonly CredentialIr[],
): { readonly [filter: string]: Any } {
  const said: { [filter: string]: Any } = {};
  for (const { name, perRoute } of ALL) {
    const config = perRoute(features, credentials);
    if (config !== undefined) said[name] = config;
  }
  return said;
}
