import { backend } from './envoy-gateway/backend.ts';
import { envoyExtensionPolicy } from './envoy-gateway/envoy-extension-policy.ts';
import { securityPolicy } from './envoy-gateway/security-policy.ts';
import { gatewayClass } from './gateway-api/gateway-class.ts';
import { gateway } from './gateway-api/gateway.ts';
import { httpRoute } from './gateway-api/http-route.ts';
import { referenceGrant } from './gateway-api/reference-grant.ts';
import type { KindSchema } from './kind.ts';
import { configMap } from './kubernetes/config-map.ts';
import { endpointSlice } from './kubernetes/endpoint-slice.ts';
import { namespace } from './kubernetes/namespace.ts';
import { secret } from './kubernetes/secret.ts';
import { service } from './kubernetes/service.ts';

/** Every kind that is read, in the order in which they are documented. */
export const kinds: readonly KindSchema[] = [
  gatewayClass,
  gateway,
  httpRoute,
  referenceGrant,
  backend,
  securityPolicy,
  envoyExtensionPolicy,
  service,
  endpointSlice,
  secret,
  configMap,
  namespace,
];
