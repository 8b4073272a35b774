import { any } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

/**
 * Envoy's filter that makes gRPC calls of what browsers send (gRPC-Web), and the other way round
 * (envoy.extensions.filters.http.grpc_web.v3).
 */
export const grpcWebFilter: NativeFilter = {
  name: 'envoy.filters.http.grpc_web',
  config: () => any('envoy.extensions.filters.http.grpc_web.v3.GrpcWeb', {}),
  perRoute: ({ grpcWeb }) =>
    grpcWeb === undefined ? undefined : any('envoy.config.route.v3.FilterConfig', { config: {} }),
};
