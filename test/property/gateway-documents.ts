import * as fc from 'fast-check';
import {
  compact,
  type Document,
  ENVOY_GATEWAY,
  GATEWAY_API,
  HOSTNAMES,
  identity,
  LABELS,
  maybe,
  name,
  namespaced,
  NAMESPACES,
  present,
} from './choices.ts';

/** GatewayClasses, with parameters that may be missing. */
export function gatewayClass(): fc.Arbitrary<Document> {
  const parametersRef = fc.record({
    group: fc.constant('gateway.envoyproxy.io'),
    kind: fc.constant('EnvoyProxy'),
    name: name('e', 2),
    namespace: NAMESPACES,
  });
  return fc.tuple(name('c', 2), maybe(parametersRef)).map(([className, ref]) => ({
    apiVersion: GATEWAY_API,
    kind: 'GatewayClass',
    metadata: { name: className },
    spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller', ...compact({ parametersRef: ref }) },
  }));
}

/** Gateways with listeners that agree, conflict or are not served. */
export function gateway(): fc.Arbitrary<Document> {
  const allowedRoutes = fc.oneof(
    fc.constant({ namespaces: { from: 'All' } }),
    fc.constant({ namespaces: { from: 'Same' } }),
    LABELS.map((matchLabels) => ({ namespaces: { from: 'Selector', selector: { matchLabels } } })),
  );
  const plain = present(
    fc.record({
      name: fc.constantFrom('http', 'narrow'),
      protocol: fc.constant('HTTP'),
      port: fc.constantFrom(8080, 8081),
      hostname: maybe(HOSTNAMES),
      allowedRoutes: maybe(allowedRoutes, 4),
    }),
  );
  const secure = present(
    fc.record({
      name: fc.constantFrom('https', 'https-too'),
      protocol: fc.constant('HTTPS'),
      port: fc.constantFrom(8443, 8080),
      hostname: maybe(HOSTNAMES),
      allowedRoutes: maybe(allowedRoutes, 4),
      tls: fc.tuple(name('secret', 2), maybe(NAMESPACES)).map(([secretName, namespaceOf]) => ({
        mode: 'Terminate',
        certificateRefs: [{ name: secretName, ...compact({ namespace: namespaceOf }) }],
      })),
    }),
  );
  const stream = fc.record({
    name: fc.constant('tcp'),
    protocol: fc.constantFrom('TCP', 'UDP'),
    port: fc.constantFrom(8080, 9000),
  });
  const listeners = fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: plain }, secure, stream), {
    minLength: 1,
    maxLength: 4,
    selector: (listener) => `${listener.name}`,
  });
  const spec = present(
    fc.record({
      gatewayClassName: name('c', 2),
      listeners,
      addresses: maybe(fc.constant([{ type: 'IPAddress', value: '127.0.0.1' }]), 5),
    }),
  );
  return namespaced(GATEWAY_API, 'Gateway', identity(name('g', 2)), fc.record({ spec }));
}

/** EnvoyProxies: merging, plain, and one with a field that is not implemented. */
export function envoyProxy(): fc.Arbitrary<Document> {
  const spec = fc.constantFrom({ mergeGateways: true }, {}, { logging: { level: { default: 'debug' } } });
  return namespaced(ENVOY_GATEWAY, 'EnvoyProxy', identity(name('e', 2)), fc.record({ spec }));
}
/** Namespaces. */
export function namespace(): fc.Arbitrary<Document> {
  return fc.tuple(NAMESPACES, maybe(LABELS)).map(([found, labels]) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: found, ...compact({ labels }) },
  }));
}

/** ReferenceGrants. */
export function referenceGrant(): fc.Arbitrary<Document> {
  const group = 'gateway.networking.k8s.io';
  const from = fc.oneof(
    NAMESPACES.map((where) => ({ group, kind: 'HTTPRoute', namespace: where })),
    NAMESPACES.map((where) => ({ group, kind: 'Gateway', namespace: where })),
    NAMESPACES.map((where) => ({ group: 'gateway.envoyproxy.io', kind: 'EnvoyExtensionPolicy', namespace: where })),
  );
  const to = fc.constantFrom(
    { group: '', kind: 'Service' },
    { group: '', kind: 'Secret' },
    { group: 'gateway.envoyproxy.io', kind: 'Backend' },
    { group: '', kind: 'Service', name: 's1' },
  );
  const spec = fc.record({
    from: fc.array(from, { minLength: 1, maxLength: 2 }),
    to: fc.array(to, { minLength: 1, maxLength: 2 }),
  });
  return namespaced(
    'gateway.networking.k8s.io/v1beta1',
    'ReferenceGrant',
    identity(name('grant', 2)),
    fc.record({ spec }),
  );
}
