import type { EnvoyProxy, Resource, TCPRoute, TLSRoute, UDPRoute } from '#controller/api/gen/types.d.ts';
import { unreachable } from '#controller/api/unreachable.ts';
import type { Refusal } from '../admit.ts';
import { checkConfigMap } from './check-config-map.ts';
import { checkTlsSecret } from './check-tls-secret.ts';
import { checkYamlObject } from './check-yaml.ts';

/**
 * What an API server or a gateway would refuse in the content of a valid object: keys and certificates, documents inside text
 * fields, rules of connections beyond the first.
 *
 * Needs no other object. Enters a resource, leaves what is wrong with it; messages hold no key material.
 */
export function checkContent(resource: Resource): readonly Refusal[] {
  switch (resource.kind) {
    case 'Secret':
      return resource.type === 'kubernetes.io/tls' ? checkTlsSecret(resource) : [];
    case 'ConfigMap':
      return checkConfigMap(resource);
    case 'EnvoyProxy':
      return checkBootstrap(resource);
    case 'TLSRoute':
    case 'TCPRoute':
    case 'UDPRoute':
      return checkRules(resource);
    case 'GatewayClass':
    case 'Gateway':
    case 'ListenerSet':
    case 'HTTPRoute':
    case 'GRPCRoute':
    case 'ReferenceGrant':
    case 'BackendTLSPolicy':
    case 'ClientTrafficPolicy':
    case 'BackendTrafficPolicy':
    case 'SecurityPolicy':
    case 'EnvoyExtensionPolicy':
    case 'EnvoyPatchPolicy':
    case 'Backend':
    case 'HTTPRouteFilter':
    case 'Service':
    case 'ServiceImport':
    case 'EndpointSlice':
    case 'Namespace':
      return [];
    default:
      return unreachable(resource);
  }
}

function checkBootstrap({ spec: { bootstrap } }: EnvoyProxy): readonly Refusal[] {
  if (bootstrap?.value === undefined || bootstrap.type === 'JSONPatch') return [];
  return checkYamlObject(bootstrap.value, ['spec', 'bootstrap', 'value']);
}

function checkRules({ spec: { rules } }: TLSRoute | TCPRoute | UDPRoute): readonly Refusal[] {
  if (rules.length <= 1) return [];
  return [{ path: ['spec', 'rules'], message: `must have one rule, found ${rules.length}` }];
}
