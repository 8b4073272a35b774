import { apiGroup, apiKind, objectName } from '../kubernetes/names.ts';
import { memberRules } from '../gateway-api/union-rules.ts';
import { array, boolean, duration, integer, named, oneOf, required, string, withDefault } from '../schema.ts';
import { backendRefKindRules, externalServiceFields, someBackendRef } from './external-service.ts';
import { errorStatus } from './numbers.ts';

const contextExtension = named(
  'ContextExtension',
  {
    name: required(string()),
    type: withDefault(oneOf(['Value', 'ValueRef']), 'Value'),
    value: string(),
    valueRef: named(
      'LocalObjectKeyReference',
      {
        group: required(string(apiGroup)),
        kind: required(string(apiKind)),
        name: required(string(objectName)),
        key: required(string()),
      },
      {
        rules: [
          {
            rule: "self.kind in ['ConfigMap', 'Secret'] && self.group in ['', 'v1']",
            message: 'must be a ConfigMap or Secret of the core group',
            fieldPath: ['kind'],
          },
        ],
      },
    ),
  },
  { rules: memberRules({ Value: 'value', ValueRef: 'valueRef' }) },
);

/** An outside service decides on every request (Envoy ext_authz). */
export const extAuth = named(
  'ExtAuth',
  {
    grpc: named('GRPCExtAuthService', externalServiceFields, { rules: [someBackendRef, ...backendRefKindRules] }),
    http: named(
      'HTTPExtAuthService',
      {
        ...externalServiceFields,
        path: string(),
        pathOverride: string(),
        headersToBackend: array(string()),
      },
      {
        rules: [
          someBackendRef,
          ...backendRefKindRules,
          { rule: '!has(self.path) || !has(self.pathOverride)', message: 'must have path or pathOverride, not both' },
        ],
      },
    ),
    headersToExtAuth: array(string()),
    bodyToExtAuth: named('BodyToExtAuth', { maxRequestBytes: required(integer({ minimum: 1 })) }),
    timeout: duration(),
    failOpen: withDefault(boolean(), false),
    recomputeRoute: boolean(),
    includeRouteMetadata: boolean(),
    contextExtensions: array(contextExtension, { mapKeys: ['name'] }),
    statusOnError: errorStatus,
  },
  { rules: [{ rule: 'has(self.grpc) != has(self.http)', message: 'must have exactly one of grpc and http' }] },
);
