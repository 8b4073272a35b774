/** Servers that extend a gateway's translation (EnvoyGateway `extensionManager`). */
import { fraction } from '../gateway-api/fraction.ts';
import { secretObjectReference } from '../gateway-api/references.ts';
import { array, boolean, duration, integer, named, oneOf, quantity, required, string, withDefault } from '../schema.ts';
import { endpointFields } from './endpoint.ts';

const grpcStatuses = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** A gRPC server outside. */
export const extensionService = named('ExtensionService', {
  ...endpointFields,
  host: { ...string(), deprecated: 'Use fqdn or ip.' },
  port: withDefault(integer({ minimum: 1, maximum: 65_535 }), 80),
  tls: named('ExtensionTLS', {
    certificateRef: required(secretObjectReference),
    clientCertificateRef: secretObjectReference,
  }),
  retry: named('ExtensionServiceRetry', {
    maxAttempts: integer({ minimum: 0 }),
    initialBackoff: duration(),
    maxBackoff: duration(),
    backoffMultiplier: fraction,
    RetryableStatusCodes: array(oneOf(grpcStatuses)),
  }),
});

const groupVersionKinds = array(
  named('GroupVersionKind', { group: required(string()), version: required(string()), kind: required(string()) }),
);

const hook = oneOf(['VirtualHost', 'Route', 'HTTPListener', 'Cluster', 'Endpoints', 'Translation']);

const inclusion = named('TranslationInclusion', { includeAll: boolean() });

/** One such server. */
export const extensionManager = named('ExtensionManager', {
  name: string(),
  resources: groupVersionKinds,
  policyResources: groupVersionKinds,
  backendResources: groupVersionKinds,
  hooks: named('ExtensionHooks', {
    xdsTranslator: named('XDSTranslatorHooks', {
      pre: array(hook),
      post: array(hook),
      translation: named('TranslationConfig', {
        listener: inclusion,
        route: inclusion,
        cluster: inclusion,
        secret: inclusion,
      }),
    }),
  }),
  service: extensionService,
  failOpen: boolean(),
  maxMessageSize: quantity(),
});
