/**
 * The features of Gateway API v1.6 that are supported, by the kind they are about: the core and the extended ones of the
 * profiles GATEWAY-HTTP, -GRPC, -TLS, -TCP and -UDP, all of them (names of `sigs.k8s.io/gateway-api/pkg/features`).
 */
export const FEATURES_BY_KIND = {
  Gateway: [
    'Gateway',
    'GatewayAddressEmpty',
    'GatewayBackendClientCertificate',
    'GatewayFrontendClientCertificateValidation',
    'GatewayFrontendClientCertificateValidationInsecureFallback',
    'GatewayHTTPListenerIsolation',
    'GatewayHTTPSListenerDetectMisdirectedRequests',
    'GatewayInfrastructurePropagation',
    'GatewayPort8080',
    'GatewayStaticAddresses',
    'ListenerSet',
  ],
  HTTPRoute: [
    'HTTPRoute',
    'HTTPRoute303RedirectStatusCode',
    'HTTPRoute307RedirectStatusCode',
    'HTTPRoute308RedirectStatusCode',
    'HTTPRouteBackendProtocolH2C',
    'HTTPRouteBackendProtocolWebSocket',
    'HTTPRouteBackendRequestHeaderModification',
    'HTTPRouteBackendTimeout',
    'HTTPRouteCORS',
    'HTTPRouteDestinationPortMatching',
    'HTTPRouteHostRewrite',
    'HTTPRouteMethodMatching',
    'HTTPRouteNamedRouteRule',
    'HTTPRouteParentRefPort',
    'HTTPRoutePathRedirect',
    'HTTPRoutePathRewrite',
    'HTTPRoutePortRedirect',
    'HTTPRouteQueryParamMatching',
    'HTTPRouteRequestMirror',
    'HTTPRouteRequestMultipleMirrors',
    'HTTPRouteRequestPercentageMirror',
    'HTTPRouteRequestTimeout',
    'HTTPRouteResponseHeaderModification',
    'HTTPRouteRetry',
    'HTTPRouteRetryBackendTimeout',
    'HTTPRouteRetryConnectionError',
    'HTTPRouteSchemeRedirect',
  ],
  GRPCRoute: ['GRPCRoute', 'GRPCRouteNamedRouteRule'],
  TLSRoute: ['TLSRoute', 'TLSRouteModeMixed', 'TLSRouteModeTerminate'],
  TCPRoute: ['TCPRoute'],
  UDPRoute: ['UDPRoute'],
  BackendTLSPolicy: ['BackendTLSPolicy', 'BackendTLSPolicySANValidation'],
  ReferenceGrant: ['ReferenceGrant'],
} as const satisfies { readonly [kind: string]: readonly string[] };

/** What a GatewayClass tells of it, sorted (Gateway API, `GatewayClassStatus.supportedFeatures`). */
export const SUPPORTED_FEATURES: readonly string[] = Object.values(FEATURES_BY_KIND).flat().sort();
