/**
 * The values of Envoy's enums that we send, by the name they have in Envoy's API, under the enum's full name.
 *
 * The types generated from Envoy's descriptors declare these enums, but have no code; a test compares every value here
 * with the descriptor set.
 */
export const ENUMS = {
  'envoy.config.core.v3.ApiVersion': { V3: 2 },
  'envoy.config.cluster.v3.Cluster.DiscoveryType': { STRICT_DNS: 1, EDS: 3 },
  'envoy.config.cluster.v3.Cluster.DnsLookupFamily': { V4_PREFERRED: 3 },
  'envoy.config.cluster.v3.Cluster.LbPolicy': { LEAST_REQUEST: 1 },
  'envoy.config.core.v3.HeaderValueOption.HeaderAppendAction': {
    APPEND_IF_EXISTS_OR_ADD: 0,
    OVERWRITE_IF_EXISTS_OR_ADD: 2,
  },
  'envoy.config.core.v3.HttpProtocolOptions.HeadersWithUnderscoresAction': { REJECT_REQUEST: 1 },
  'envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode': { INTERNAL_SERVER_ERROR: 2 },
  'envoy.config.route.v3.RedirectAction.RedirectResponseCode': {
    MOVED_PERMANENTLY: 0,
    FOUND: 1,
    SEE_OTHER: 2,
    TEMPORARY_REDIRECT: 3,
    PERMANENT_REDIRECT: 4,
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction': {
    UNESCAPE_AND_REDIRECT: 3,
  },
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.ServerHeaderTransformation': {
    PASS_THROUGH: 2,
  },
  'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor.RouteCacheAction': { RETAIN: 2 },
  'envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode': { SEND: 1, SKIP: 2 },
  'envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode': {
    NONE: 0,
    STREAMED: 1,
    BUFFERED: 2,
    BUFFERED_PARTIAL: 3,
    FULL_DUPLEX_STREAMED: 4,
  },
  'envoy.extensions.wasm.v3.FailurePolicy': { FAIL_RELOAD: 1 },
} as const;
