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

function target(): fc.Arbitrary<object> {
  const group = 'gateway.networking.k8s.io';
  const on = (kind: string, names: fc.Arbitrary<string>, sections: fc.Arbitrary<string>) =>
    fc
      .tuple(names, maybe(sections))
      .map(([found, sectionName]) => ({ group, kind, name: found, ...compact({ sectionName }) }));
  return fc.oneof(
    on('Gateway', name('g', 2), fc.constantFrom('http', 'narrow')),
    on('HTTPRoute', name('r', 3), fc.constantFrom('first', 'second')),
  );
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
