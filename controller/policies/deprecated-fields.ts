import { isObject } from '#controller/api/compile.ts';
import type { Policy, PolicyKind } from './targets.ts';

/** Old fields of each kind and what takes their place (Envoy Gateway 1.9, condition `Warning`). */
const DEPRECATED: { readonly [K in PolicyKind]: readonly (readonly [old: string, instead: string])[] } = {
  SecurityPolicy: [
    ['spec.extAuth.grpc.backendRef', 'spec.extAuth.grpc.backendRefs'],
    ['spec.extAuth.http.backendRef', 'spec.extAuth.http.backendRefs'],
    ['spec.targetRef', 'spec.targetRefs'],
  ],
  EnvoyExtensionPolicy: [['spec.targetRef', 'spec.targetRefs']],
  BackendTrafficPolicy: [
    ['spec.compression', 'spec.compressor'],
    ['spec.targetRef', 'spec.targetRefs'],
  ],
  ClientTrafficPolicy: [
    ['spec.enableProxyProtocol', 'spec.proxyProtocol'],
    ['spec.headers.preserveXRequestID', 'spec.headers.requestID'],
    ['spec.targetRef', 'spec.targetRefs'],
    ['spec.tls.clientValidation.optional', 'spec.tls.clientValidation.mode'],
  ],
};

/** What to write instead of the old fields of a policy; empty when it has none. */
export function deprecatedFields(policy: Policy): string {
  return DEPRECATED[policy.kind]
    .filter(([old]) => isSet(policy, old))
    .map(([old, instead]) => `${old} is deprecated, use ${instead} instead`)
    .join('; ');
}

/** A flag that is off is as good as not there: it may be a default. */
function isSet(policy: Policy, path: string): boolean {
  let value: unknown = policy;
  for (const name of path.split('.')) value = isObject(value) ? value[name] : undefined;
  return value !== undefined && value !== false;
}
