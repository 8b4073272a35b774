import * as fc from 'fast-check';
import { type Document, ENVOY_GATEWAY, identity, maybe, name, namespaced, NAMESPACES, present } from './choices.ts';

/** References to back-ends that may be missing or in another namespace. */
export function backendRef(): fc.Arbitrary<object> {
  const to = present(fc.record({ namespace: maybe(NAMESPACES), weight: maybe(fc.integer({ min: 0, max: 3 })) }));
  return fc.oneof(
    fc.tuple(name('s', 2), fc.constantFrom(80, 81), to).map(([found, port, more]) => ({ name: found, port, ...more })),
    fc.tuple(name('s', 2), to).map(([found, more]) => ({
      group: 'multicluster.x-k8s.io',
      kind: 'ServiceImport',
      name: found,
      port: 80,
      ...more,
    })),
    fc
      .tuple(name('b', 3), to)
      .map(([found, more]) => ({ group: 'gateway.envoyproxy.io', kind: 'Backend', name: found, ...more })),
  );
}

/** Backends of every type of endpoint. */
export function backend(): fc.Arbitrary<Document> {
  const ports = fc.integer({ min: 1, max: 3 });
  const endpoints = fc.oneof(
    fc.array(
      ports.map((port) => ({ ip: { address: '127.0.0.1', port } })),
      { minLength: 1, maxLength: 2 },
    ),
    fc.array(
      ports.map((port) => ({ fqdn: { hostname: 'backend.test', port } })),
      { minLength: 1, maxLength: 2 },
    ),
    fc.constant([{ unix: { path: '/run/backend.sock' } }]),
  );
  const spec = present(
    fc.record({ endpoints, appProtocols: maybe(fc.constantFrom(['gateway.envoyproxy.io/h2c'], []), 1) }),
  );
  return namespaced(ENVOY_GATEWAY, 'Backend', identity(name('b', 3)), fc.record({ spec }));
}

/** Services, few of which Envoy Gateway would refuse. */
export function service(): fc.Arbitrary<Document> {
  const port = present(
    fc.record({
      name: fc.constantFrom('http', 'grpc'),
      port: fc.constantFrom(80, 81),
      appProtocol: maybe(fc.constantFrom('kubernetes.io/h2c', 'http', 'example.com/other'), 1),
    }),
  );
  const spec = fc.oneof(
    { weight: 8, arbitrary: fc.record({ ports: fc.array(port, { minLength: 1, maxLength: 1 }) }) },
    { weight: 1, arbitrary: fc.constant({ type: 'ExternalName', externalName: 'example.com', ports: [{ port: 80 }] }) },
  );
  return namespaced('v1', 'Service', identity(name('s', 2)), fc.record({ spec }));
}

/** EndpointSlices, several for one Service. */
export function endpointSlice(): fc.Arbitrary<Document> {
  const endpoint = fc.record({
    addresses: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3').map((address) => [address]),
    conditions: fc.record({ ready: fc.boolean() }),
  });
  return fc
    .tuple(
      identity(name('slice', 3)),
      name('s', 2),
      fc.array(endpoint, { maxLength: 2 }),
      fc.constantFrom('http', 'grpc'),
      fc.constantFrom(
        'kubernetes.io/service-name',
        'kubernetes.io/service-name',
        'multicluster.kubernetes.io/service-name',
      ),
    )
    .map(([metadata, serviceName, endpoints, portName, label]) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { [label]: serviceName } },
      addressType: 'IPv4',
      endpoints,
      ports: [{ name: portName, port: 3000 }],
    }));
}
