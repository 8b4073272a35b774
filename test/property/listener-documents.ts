import * as fc from 'fast-check';
import { compact, HOSTNAMES, LABELS, maybe, name, NAMESPACES, present } from './choices.ts';

/** Listeners of every protocol that agree, conflict or are not served; of a Gateway and of a ListenerSet alike. */
export function listeners(): fc.Arbitrary<readonly object[]> {
  const allowedRoutes = fc.oneof(
    fc.constant({ namespaces: { from: 'All' } }),
    fc.constant({ namespaces: { from: 'Same' } }),
    LABELS.map((matchLabels) => ({ namespaces: { from: 'Selector', selector: { matchLabels } } })),
  );
  const certificateRefs = fc
    .tuple(name('secret', 2), maybe(NAMESPACES))
    .map(([secret, namespace]) => [{ name: secret, ...compact({ namespace }) }]);
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
      tls: certificateRefs.map((refs) => ({ mode: 'Terminate', certificateRefs: refs })),
    }),
  );
  const tls = present(
    fc.record({
      name: fc.constantFrom('tls', 'tls-too'),
      protocol: fc.constant('TLS'),
      port: fc.constantFrom(8443, 9443),
      hostname: maybe(HOSTNAMES),
      allowedRoutes: maybe(allowedRoutes, 4),
      tls: fc.oneof(
        fc.constant({ mode: 'Passthrough' }),
        certificateRefs.map((refs) => ({ mode: 'Terminate', certificateRefs: refs })),
      ),
    }),
  );
  const stream = fc.record({
    name: fc.constantFrom('tcp', 'udp'),
    protocol: fc.constantFrom('TCP', 'UDP'),
    port: fc.constantFrom(8080, 9000),
  });
  return fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: plain }, secure, tls, stream), {
    minLength: 1,
    maxLength: 4,
    selector: (listener) => `${listener.name}`,
  });
}

/** What a route may be attached to: a Gateway or a ListenerSet, or a listener of one; each once. */
export function parentRefs(): fc.Arbitrary<readonly object[]> {
  const kinds = fc.oneof(
    { weight: 3, arbitrary: name('g', 2).map((gateway) => ({ name: gateway })) },
    { weight: 1, arbitrary: name('l', 3).map((set) => ({ kind: 'ListenerSet', name: set })) },
  );
  const where = present(
    fc.record({
      namespace: maybe(NAMESPACES),
      sectionName: maybe(fc.constantFrom('http', 'narrow', 'https', 'tls', 'tcp', 'udp'), 1),
    }),
  );
  return fc
    .uniqueArray(fc.tuple(kinds, where), {
      minLength: 1,
      maxLength: 2,
      selector: ([parent, { namespace }]) => `${JSON.stringify(parent)} ${namespace}`,
    })
    .map((refs) => refs.map(([parent, rest]) => ({ ...parent, ...rest })));
}
