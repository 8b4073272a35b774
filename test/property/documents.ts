import * as fc from 'fast-check';
import { backend, endpointSlice, service } from './back-end-documents.ts';
import { admit } from '#controller/provider/admit.ts';
import type { Document } from './choices.ts';
import {
  backendTlsPolicy,
  grpcRoute,
  listenerSet,
  routeFilter,
  serviceImport,
  streamRoute,
} from './gateway-api-documents.ts';
import { envoyProxy, gateway, gatewayClass, namespace, referenceGrant } from './gateway-documents.ts';
import {
  clientPolicy,
  configMap,
  extensionPolicy,
  patchPolicy,
  securityPolicy,
  trafficPolicy,
} from './policy-documents.ts';
import { httpRoute } from './route-documents.ts';
import { secret } from './secret-documents.ts';

/**
 * Manifests of a small world: few names, so that they refer to one another, replace one another and leave one another
 * dangling. Every one of them passes validation: what the rules between fields refuse is drawn again.
 */
export const anyDocument: fc.Arbitrary<Document> = fc
  .oneof(
    { weight: 1, arbitrary: gatewayClass() },
    { weight: 2, arbitrary: gateway() },
    { weight: 6, arbitrary: httpRoute() },
    { weight: 3, arbitrary: listenerSet() },
    { weight: 2, arbitrary: grpcRoute() },
    { weight: 3, arbitrary: streamRoute() },
    { weight: 1, arbitrary: serviceImport() },
    { weight: 1, arbitrary: backendTlsPolicy() },
    { weight: 1, arbitrary: routeFilter() },
    { weight: 2, arbitrary: backend() },
    { weight: 2, arbitrary: service() },
    { weight: 2, arbitrary: endpointSlice() },
    { weight: 3, arbitrary: securityPolicy() },
    { weight: 2, arbitrary: extensionPolicy() },
    { weight: 3, arbitrary: trafficPolicy() },
    { weight: 1, arbitrary: clientPolicy() },
    { weight: 1, arbitrary: patchPolicy() },
    { weight: 1, arbitrary: configMap() },
    { weight: 2, arbitrary: referenceGrant() },
    { weight: 1, arbitrary: namespace() },
    { weight: 1, arbitrary: secret() },
    { weight: 1, arbitrary: envoyProxy() },
  )
  .filter((document) => admit(document).kind === 'resource');
