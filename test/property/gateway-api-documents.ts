import * as fc from 'fast-check';
import { backendRef } from './back-end-documents.ts';
import {
  type Document,
  ENVOY_GATEWAY,
  GATEWAY_API,
  HOSTNAMES,
  identity,
  maybe,
  name,
  namespaced,
  NAMESPACES,
  present,
} from './choices.ts';
import { listeners, parentRefs } from './listener-documents.ts';

/** ListenerSets of Gateways that may not take them. */
export function listenerSet(): fc.Arbitrary<Document> {
  const parentRef = present(fc.record({ name: name('g', 2), namespace: maybe(NAMESPACES) }));
  const spec = fc.record({ parentRef, listeners: listeners() });
  return namespaced(GATEWAY_API, 'ListenerSet', identity(name('l', 3)), fc.record({ spec }));
}

/** GRPCRoutes. */
export function grpcRoute(): fc.Arbitrary<Document> {
  const match = fc.constantFrom(
    { method: { service: 'foo.Bar', method: 'Login' } },
    { method: { type: 'RegularExpression', service: 'foo\\..*' } },
    { headers: [{ name: 'x-one', value: 'v' }] },
  );
  const rule = present(
    fc.record({
      matches: maybe(fc.array(match, { minLength: 1, maxLength: 2 })),
      backendRefs: fc.array(backendRef(), { maxLength: 2 }),
    }),
  );
  const spec = present(
    fc.record({
      parentRefs: parentRefs(),
      hostnames: maybe(fc.uniqueArray(HOSTNAMES, { maxLength: 2 })),
      rules: fc.array(rule, { minLength: 1, maxLength: 2 }),
    }),
  );
  return namespaced(GATEWAY_API, 'GRPCRoute', identity(name('grpc', 2)), fc.record({ spec }));
}

/** Routes of connections and datagrams. */
export function streamRoute(): fc.Arbitrary<Document> {
  const rules = fc.array(backendRef(), { minLength: 1, maxLength: 2 }).map((backendRefs) => [{ backendRefs }]);
  const plain = fc.record({ parentRefs: parentRefs(), rules });
  const named = fc.record({
    parentRefs: parentRefs(),
    rules,
    hostnames: fc.uniqueArray(HOSTNAMES, { minLength: 1, maxLength: 2 }),
  });
  const of = (kind: string, spec: fc.Arbitrary<object>): fc.Arbitrary<Document> =>
    namespaced(GATEWAY_API, kind, identity(name('stream', 2)), fc.record({ spec }));
  return fc.oneof(of('TCPRoute', plain), of('UDPRoute', plain), of('TLSRoute', named));
}

/** ServiceImports. */
export function serviceImport(): fc.Arbitrary<Document> {
  const ports = fc.constantFrom(
    [{ name: 'http', port: 80 }],
    [{ name: 'grpc', port: 81, appProtocol: 'kubernetes.io/h2c' }],
  );
  const spec = fc.record({ type: fc.constantFrom('ClusterSetIP', 'Headless'), ports });
  return namespaced('multicluster.x-k8s.io/v1alpha1', 'ServiceImport', identity(name('s', 2)), fc.record({ spec }));
}

/** BackendTLSPolicies, by the system's authorities or by ones that may be missing. */
export function backendTlsPolicy(): fc.Arbitrary<Document> {
  const validation = fc.oneof(
    fc.constant({ hostname: 'example.com', wellKnownCACertificates: 'System' }),
    name('map', 2).map((map) => ({
      hostname: 'example.com',
      caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: map }],
    })),
  );
  const targetRefs = name('s', 2).map((service) => [{ group: '', kind: 'Service', name: service }]);
  const spec = fc.record({ targetRefs, validation });
  return namespaced(GATEWAY_API, 'BackendTLSPolicy', identity(name('btls', 2)), fc.record({ spec }));
}

/** HTTPRouteFilters. */
export function routeFilter(): fc.Arbitrary<Document> {
  const spec = fc.constantFrom<object>(
    { directResponse: { statusCode: 418 } },
    { urlRewrite: { hostname: { type: 'Header', header: 'x-one' } } },
  );
  return namespaced(ENVOY_GATEWAY, 'HTTPRouteFilter', identity(name('f', 2)), fc.record({ spec }));
}
