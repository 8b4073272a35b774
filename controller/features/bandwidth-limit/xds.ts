import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import { any } from '../../xds/build/message.ts';
import type { NativeFilter } from '../native-filter.ts';

const BANDWIDTH_LIMIT = 'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit';
const { DISABLED, REQUEST, RESPONSE } = enumMembers(`${BANDWIDTH_LIMIT}.EnableMode`);
const statPrefix = 'bandwidth';

function config(): Any {
  return any(BANDWIDTH_LIMIT, { statPrefix, enableMode: DISABLED });
}

/** Envoy's bandwidth limit for requests; one filter has one limit, so that answers have another filter. */
export const requestBandwidthFilter: NativeFilter = {
  name: 'envoy.filters.http.bandwidth_limit.request',
  config,
  perRoute: ({ bandwidth }) =>
    bandwidth?.request === undefined
      ? undefined
      : any(BANDWIDTH_LIMIT, { statPrefix, enableMode: REQUEST, limitKbps: BigInt(bandwidth.request) }),
};

/** The same for answers. */
export const responseBandwidthFilter: NativeFilter = {
  name: 'envoy.filters.http.bandwidth_limit.response',
  config,
  perRoute: ({ bandwidth }) =>
    bandwidth?.response === undefined
      ? undefined
      : any(BANDWIDTH_LIMIT, {
          statPrefix,
          enableMode: RESPONSE,
          limitKbps: BigInt(bandwidth.response),
          enableResponseTrailers: bandwidth.trailerPrefix !== undefined,
          responseTrailerPrefix: bandwidth.trailerPrefix ?? '',
        }),
};
