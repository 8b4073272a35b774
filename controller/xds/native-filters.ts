import type { Any } from '@bufbuild/protobuf/wkt';
import { corsFilter } from '../features/cors/xds.ts';
import type { NativeFilter } from '../features/native-filter.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';
import type { Init } from './build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** The filters before policies, in Envoy Gateway's order: a preflight request is answered before anybody is asked for a token. */
const BEFORE: readonly NativeFilter[] = [corsFilter];

/** Envoy's own filters that stand before the policies' in every chain. */
export function nativeFilters(): readonly HttpFilter[] {
  return BEFORE.map(httpFilter);
}

function httpFilter({ name, config }: NativeFilter): HttpFilter {
  return { name, disabled: true, configType: { case: 'typedConfig', value: config() } };
}

/** What a route says to Envoy's own filters, by the filter's name; what is not there stays off. */
export function nativePerRoute(features: RouteFeaturesIr): { readonly [filter: string]: Any } {
  const said: { [filter: string]: Any } = {};
  for (const { name, perRoute } of BEFORE) {
    const config = perRoute(features);
    if (config !== undefined) said[name] = config;
  }
  return said;
}
