/** Routes of connections rather than requests: TCPRoute, UDPRoute, TLSRoute. */
import { defineKind } from '../kind.ts';
import { dnsSubdomain, wildcardHostname } from '../kubernetes/names.ts';
import type { Schema } from '../schema.ts';
import { array, named, oneOf, required, string } from '../schema.ts';
import { parentRefs } from './parent-refs.ts';
import { backendObjectReferenceFields, backendObjectReferenceRules, weight } from './references.ts';
import { routeStatus } from './status.ts';

const streamBackendRef = named(
  'StreamBackendRef',
  { ...backendObjectReferenceFields, weight },
  { rules: backendObjectReferenceRules },
);

// Differs from the upstream CRD, whose v1 has one rule and whose older versions have up to 16: an object that was stored as
// one of those is read as v1 with all its rules.
const rules = required(
  array(
    named('StreamRouteRule', {
      name: string(dnsSubdomain),
      backendRefs: required(array(streamBackendRef, { minItems: 1, maxItems: 16 })),
    }),
    {
      minItems: 1,
      maxItems: 16,
      rules: [
        {
          rule: 'self.all(a, !has(a.name) || self.exists_one(b, has(b.name) && a.name == b.name))',
          message: 'must have names that differ',
        },
      ],
    },
  ),
);

function streamRoute(
  kind: string,
  plural: string,
  oldVersions: readonly string[],
  more: { readonly [field: string]: Schema } = {},
) {
  return defineKind({
    group: 'gateway.networking.k8s.io',
    kind,
    plural,
    categories: ['gateway-api'],
    storageVersion: 'v1',
    oldVersions,
    body: {
      spec: required(named(`${kind}Spec`, { parentRefs, ...more, rules, useDefaultGateways: oneOf(['All', 'None']) })),
      status: routeStatus,
    },
  });
}

/** TCPRoute: where a listener's TCP connections go. */
export const tcpRoute = streamRoute('TCPRoute', 'tcproutes', ['v1alpha2']);

/** UDPRoute: where a listener's datagrams go. */
export const udpRoute = streamRoute('UDPRoute', 'udproutes', ['v1alpha2']);

/** TLSRoute: where TLS connections go, by the server name they ask for. */
export const tlsRoute = streamRoute('TLSRoute', 'tlsroutes', ['v1alpha3', 'v1alpha2'], {
  hostnames: required(
    array(string(wildcardHostname), {
      minItems: 1,
      maxItems: 1024,
      rules: [{ rule: 'self.all(name, !isIP(name))', message: 'must be names, not IP addresses' }],
    }),
  ),
});
