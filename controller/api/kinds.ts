import { backendTrafficPolicy } from './envoy-gateway/backend-traffic-policy.ts';
import { backend } from './envoy-gateway/backend.ts';
import { clientTrafficPolicy } from './envoy-gateway/client-traffic-policy.ts';
import { envoyExtensionPolicy } from './envoy-gateway/envoy-extension-policy.ts';
import { envoyPatchPolicy } from './envoy-gateway/envoy-patch-policy.ts';
import { envoyProxy } from './envoy-gateway/envoy-proxy.ts';
import { httpRouteFilterKind } from './envoy-gateway/http-route-filter.ts';
import { securityPolicy } from './envoy-gateway/security-policy.ts';
import { backendTlsPolicy } from './gateway-api/backend-tls-policy.ts';
import { gatewayClass } from './gateway-api/gateway-class.ts';
import { gateway } from './gateway-api/gateway.ts';
import { grpcRoute } from './gateway-api/grpc-route.ts';
import { httpRoute } from './gateway-api/http-route.ts';
import { listenerSet } from './gateway-api/listener-set.ts';
import { referenceGrant } from './gateway-api/reference-grant.ts';
import { tcpRoute, tlsRoute, udpRoute } from './gateway-api/stream-route.ts';
import type { KindSchema } from './kind.ts';
import { configMap } from './kubernetes/config-map.ts';
import { endpointSlice } from './kubernetes/endpoint-slice.ts';
import { namespace } from './kubernetes/namespace.ts';
import { secret } from './kubernetes/secret.ts';
import { service } from './kubernetes/service.ts';
import { serviceImport } from './kubernetes/service-import.ts';

/** Every kind that is read, in the order in which they are documented. */
export const kinds: readonly KindSchema[] = [
  gatewayClass,
  gateway,
  listenerSet,
  httpRoute,
  grpcRoute,
  tlsRoute,
  tcpRoute,
  udpRoute,
  referenceGrant,
  backendTlsPolicy,
  envoyProxy,
  clientTrafficPolicy,
  backendTrafficPolicy,
  securityPolicy,
  envoyExtensionPolicy,
  envoyPatchPolicy,
  backend,
  httpRouteFilterKind,
  service,
  serviceImport,
  endpointSlice,
  secret,
  configMap,
  namespace,
];
