/** Listeners, as a Gateway and a ListenerSet write them (Gateway API, `gateway_types`). */
import { apiGroup, apiKind, dnsSubdomain, qualifiedName, wildcardHostname } from '../kubernetes/names.ts';
import type { Rule } from '../schema.ts';
import { array, integer, map, named, oneOf, required, string, withDefault } from '../schema.ts';
import { portNumber, secretObjectReference } from './references.ts';
import { labelSelector } from './selectors.ts';
import { conditions } from './status.ts';

/** Which namespaces may attach. */
export const routeNamespaces = withDefault(
  named('RouteNamespaces', {
    from: withDefault(oneOf(['All', 'Selector', 'Same']), 'Same'),
    selector: labelSelector,
  }),
  { from: 'Same' },
);

/** A kind of route by group and name. */
export const routeGroupKind = named('RouteGroupKind', {
  group: withDefault(string(apiGroup), 'gateway.networking.k8s.io'),
  kind: required(string(apiKind)),
});

/** How a listener ends TLS, or passes it through. */
export const listenerTls = named(
  'ListenerTLSConfig',
  {
    mode: withDefault(oneOf(['Terminate', 'Passthrough']), 'Terminate'),
    certificateRefs: array(secretObjectReference, { maxItems: 64 }),
    options: map(string({ maxLength: 4096 }), { maxProperties: 16, keyPattern: qualifiedName }),
  },
  {
    rules: [
      {
        rule: "self.mode != 'Terminate' || (has(self.certificateRefs) && size(self.certificateRefs) > 0) || (has(self.options) && size(self.options) > 0)",
        message: 'must name at least one certificate when mode is Terminate',
        fieldPath: ['certificateRefs'],
      },
    ],
  },
);

/** The fields of a listener. */
export const listenerFields = {
  name: required(string(dnsSubdomain)),
  hostname: string(wildcardHostname),
  port: required(portNumber),
  protocol: required(
    string({
      minLength: 1,
      maxLength: 255,
      pattern:
        '^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+$',
      patternHint: 'HTTP, HTTPS, TLS, TCP, UDP or a domain-prefixed name',
    }),
  ),
  tls: listenerTls,
  allowedRoutes: withDefault(
    named('AllowedRoutes', {
      namespaces: routeNamespaces,
      kinds: array(routeGroupKind, { maxItems: 8 }),
    }),
    { namespaces: { from: 'Same' } },
  ),
};

/** What holds across the listeners of one object. */
export const listenerRules: readonly Rule[] = [
  {
    rule: "self.all(l, !(l.protocol in ['HTTP', 'TCP', 'UDP']) || !has(l.tls))",
    message: 'must not have tls in a listener whose protocol is HTTP, TCP or UDP',
  },
  {
    rule: "self.all(l, l.protocol != 'HTTPS' || !has(l.tls) || l.tls.mode == 'Terminate')",
    message: 'must have tls.mode Terminate in a listener whose protocol is HTTPS',
  },
  {
    rule: "self.all(l, l.protocol != 'TLS' || has(l.tls))",
    message: 'must have tls in a listener whose protocol is TLS',
  },
  {
    rule: "self.all(l, !(l.protocol in ['TCP', 'UDP']) || !has(l.hostname))",
    message: 'must not have a hostname in a listener whose protocol is TCP or UDP',
  },
  {
    rule: 'self.all(a, self.exists_one(b, a.port == b.port && a.protocol == b.protocol && (has(a.hostname) ? has(b.hostname) && a.hostname == b.hostname : !has(b.hostname))))',
    message: 'must differ from each other in port, protocol or hostname',
  },
];

/** What is said of one listener. */
export const listenerStatus = named('ListenerStatus', {
  name: required(listenerFields.name),
  supportedKinds: array(routeGroupKind, { maxItems: 8 }),
  attachedRoutes: required(integer()),
  conditions: required(conditions),
});
