import * as fc from 'fast-check';
import { backendRef } from './back-end-documents.ts';
import {
  compact,
  type Document,
  ENVOY_GATEWAY,
  identity,
  LABELS,
  maybe,
  name,
  namespaced,
  present,
} from './choices.ts';

function on(kind: string, names: fc.Arbitrary<string>, sections: fc.Arbitrary<string>): fc.Arbitrary<object> {
  const group = 'gateway.networking.k8s.io';
  return fc
    .tuple(names, maybe(sections))
    .map(([found, sectionName]) => ({ group, kind, name: found, ...compact({ sectionName }) }));
}

function onRoute(): fc.Arbitrary<object> {
  return on('HTTPRoute', name('r', 3), fc.constantFrom('first', 'second'));
}

function target(): fc.Arbitrary<object> {
  return fc.oneof(on('Gateway', name('g', 2), fc.constantFrom('http', 'narrow')), onRoute());
}

function targets(): fc.Arbitrary<object> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(target(), { minLength: 1, maxLength: 2 }).map((targetRefs) => ({ targetRefs })) },
    {
      weight: 1,
      arbitrary: LABELS.map((matchLabels) => ({
        targetSelectors: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', matchLabels }],
      })),
    },
    {
      weight: 1,
      arbitrary: LABELS.map((matchLabels) => ({
        targetSelectors: [
          { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', matchLabels, namespaces: { from: 'All' } },
        ],
      })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(onRoute(), fc.constantFrom('StrategicMerge', 'JSONMerge'))
        .map(([found, mergeType]) => ({ targetRefs: [found], mergeType })),
    },
  );
}

/** A key set with one public key (RFC 7517, appendix A.1). */
export const KEY_SET = JSON.stringify({
  keys: [
    {
      kty: 'EC',
      crv: 'P-256',
      kid: '1',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    },
  ],
});

/** SecurityPolicies: good, broken, and with a field that is not implemented. */
export function securityPolicy(): fc.Arbitrary<Document> {
  const localJWKS = fc.oneof(
    fc.constant({ type: 'Inline', inline: KEY_SET }),
    fc.constant({ type: 'Inline', inline: 'no key set' }),
    name('k', 2).map((found) => ({ type: 'ValueRef', valueRef: { group: '', kind: 'ConfigMap', name: found } })),
  );
  const provider = fc.tuple(localJWKS, fc.constantFrom('one', 'two')).map(([keys, issuer]) => ({
    name: 'p',
    issuer: `https://${issuer}.test`,
    localJWKS: keys,
    claimToHeaders: [{ claim: 'sub', header: 'x-user' }],
  }));
  const rules = fc.oneof(
    provider.map((found) => ({ jwt: { providers: [found] } })),
    provider.map((found) => ({
      jwt: { providers: [found] },
      authorization: {
        defaultAction: 'Deny',
        rules: [
          {
            action: 'Allow',
            principal: { jwt: { provider: 'p', claims: [{ name: 'role', valueType: 'String', values: ['admin'] }] } },
          },
        ],
      },
    })),
    fc.constant({ cors: { allowOrigins: ['https://example.com'] } }),
    fc.constant({ csrf: {} }),
  );
  const spec = fc.tuple(targets(), rules).map(([to, rest]) => ({ ...to, ...rest }));
  return namespaced(ENVOY_GATEWAY, 'SecurityPolicy', identity(name('p', 3)), fc.record({ spec }));
}

/** EnvoyExtensionPolicies. */
export function extensionPolicy(): fc.Arbitrary<Document> {
  const processor = present(
    fc.record({
      backendRefs: fc.array(backendRef(), { minLength: 1, maxLength: 1 }),
      failOpen: maybe(fc.boolean()),
      messageTimeout: maybe(fc.constantFrom('1s', '200ms')),
    }),
  );
  const spec = fc
    .tuple(targets(), fc.array(processor, { minLength: 1, maxLength: 2 }))
    .map(([to, extProc]) => ({ ...to, extProc }));
  return namespaced(ENVOY_GATEWAY, 'EnvoyExtensionPolicy', identity(name('x', 2)), fc.record({ spec }));
}

/** BackendTrafficPolicies: good, with values that Envoy would not take, and with a field that is not implemented. */
export function trafficPolicy(): fc.Arbitrary<Document> {
  const time = fc.constantFrom('0s', '1s', '90s');
  const fields = present(
    fc.record({
      loadBalancer: maybe(
        fc.constantFrom<object>(
          { type: 'Random' },
          { type: 'RoundRobin', slowStart: { window: '10s' } },
          { type: 'ConsistentHash', consistentHash: { type: 'SourceIP' } },
          { type: 'ConsistentHash', consistentHash: { type: 'SourceIP', tableSize: 100 } },
          { type: 'Random', zoneAware: { preferLocal: {} } },
        ),
      ),
      circuitBreaker: maybe(fc.record({ maxConnections: fc.integer({ min: 0, max: 2 }) })),
      timeout: maybe(
        fc.record({ tcp: fc.record({ connectTimeout: time }), http: fc.record({ requestTimeout: time }) }),
      ),
      retry: maybe(fc.record({ numRetries: fc.integer({ min: 0, max: 2 }) })),
      healthCheck: maybe(fc.constant({ active: { type: 'HTTP', http: { path: '/' } } })),
      rateLimit: maybe(fc.constant({ type: 'Local', local: { rules: [{ limit: { requests: 1, unit: 'Hour' } }] } }), 9),
    }),
  );
  const spec = fc.tuple(targets(), fields).map(([to, rest]) => ({ ...to, ...rest }));
  return namespaced(ENVOY_GATEWAY, 'BackendTrafficPolicy', identity(name('t', 3)), fc.record({ spec }));
}

/** ClientTrafficPolicies, which may only close what they target. */
export function clientPolicy(): fc.Arbitrary<Document> {
  const fields = fc.constantFrom<object>({}, { timeout: { http: { idleTimeout: '5s' } } });
  const closing = fc.constant({ tls: { clientValidation: { caCertificateRefs: [{ name: 'ca' }] } } });
  const gateways = fc.array(on('Gateway', name('g', 2), fc.constantFrom('http', 'narrow')), {
    minLength: 1,
    maxLength: 2,
  });
  const spec = fc
    .tuple(gateways, fc.oneof({ weight: 3, arbitrary: fields }, { weight: 1, arbitrary: closing }))
    .map(([targetRefs, rest]) => ({ targetRefs, ...rest }));
  return namespaced(ENVOY_GATEWAY, 'ClientTrafficPolicy', identity(name('u', 2)), fc.record({ spec }));
}

/** ConfigMaps with and without a key set. */
export function configMap(): fc.Arbitrary<Document> {
  const data = fc.constantFrom({ jwks: KEY_SET }, { jwks: 'broken' }, { other: KEY_SET });
  return namespaced('v1', 'ConfigMap', identity(name('k', 2)), fc.record({ data }));
}

/** EnvoyPatchPolicies: patches that can be applied, that change nothing that exists, and that break what they patch. */
export function patchPolicy(): fc.Arbitrary<Document> {
  const operation = fc.constantFrom<object>(
    { op: 'add', path: '/ignore_port_in_host_matching', value: false },
    { op: 'replace', path: '/virtual_hosts/0/name', value: 'patched' },
    { op: 'remove', path: '/virtual_hosts/7' },
    { op: 'add', path: '/no_such_field', value: 1 },
  );
  const patch = fc
    .tuple(fc.constantFrom('a/g1/http', 'a/g2/http', 'a/g2/https', 'none'), operation)
    .map(([found, op]) => ({
      type: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
      name: found,
      operation: op,
    }));
  const spec = fc
    .tuple(name('g', 2), fc.array(patch, { minLength: 1, maxLength: 2 }), maybe(fc.integer({ min: -1, max: 1 })))
    .map(([gateway, jsonPatches, priority]) => ({
      type: 'JSONPatch',
      targetRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: gateway },
      jsonPatches,
      ...compact({ priority }),
    }));
  return namespaced(ENVOY_GATEWAY, 'EnvoyPatchPolicy', identity(name('y', 2)), fc.record({ spec }));
}
