import * as fc from 'fast-check';
import {
  compact,
  type Document,
  ENVOY_GATEWAY,
  GATEWAY_API,
  identity,
  LABELS,
  maybe,
  name,
  namespaced,
  NAMESPACES,
  present,
} from './choices.ts';
import { listeners } from './listener-documents.ts';

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
  const allowedListeners = fc.oneof(
    fc.constantFrom('All', 'Same', 'None').map((from) => ({ namespaces: { from } })),
    LABELS.map((matchLabels) => ({ namespaces: { from: 'Selector', selector: { matchLabels } } })),
  );
  const spec = present(
    fc.record({
      gatewayClassName: name('c', 2),
      listeners: listeners(),
      allowedListeners: maybe(allowedListeners),
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
    NAMESPACES.map((where) => ({ group, kind: 'ListenerSet', namespace: where })),
    NAMESPACES.map((where) => ({ group, kind: 'TCPRoute', namespace: where })),
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
