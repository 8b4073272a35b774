import { describe, expect, it } from 'vitest';
import { admit } from '../provider/admit.ts';
import { references } from './references.ts';

/** What an object names: "Kind namespace/name at field". */
function named(document: object): readonly string[] {
  const admission = admit(document);
  if (admission.kind !== 'resource') throw new Error(JSON.stringify(admission));
  return references(admission.resource).map(
    ({ target, path }) => `${target.kind} ${target.namespace}/${target.name} at ${path.join('.')}`,
  );
}

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const ENVOY_GATEWAY = 'gateway.envoyproxy.io/v1alpha1';

describe('the objects that an object names', () => {
  it('are the class and the certificates of a Gateway', () => {
    const spec = {
      gatewayClassName: 'sluice',
      listeners: [
        {
          name: 'https',
          protocol: 'HTTPS',
          port: 443,
          tls: { certificateRefs: [{ name: 'tls', namespace: 'certs' }] },
        },
      ],
    };
    expect(named({ apiVersion: GATEWAY_API, kind: 'Gateway', metadata: { name: 'g' }, spec })).toEqual([
      'GatewayClass /sluice at spec.gatewayClassName',
      'Secret certs/tls at spec.listeners.0.tls.certificateRefs.0',
    ]);
  });

  it('are the parents, back-ends and filters of a route, in its own namespace where none is named', () => {
    const spec = {
      parentRefs: [{ name: 'g' }],
      rules: [
        {
          filters: [
            {
              type: 'ExtensionRef',
              extensionRef: { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name: 'f' },
            },
          ],
          backendRefs: [{ name: 's', port: 80 }],
        },
      ],
    };
    expect(
      named({ apiVersion: GATEWAY_API, kind: 'HTTPRoute', metadata: { name: 'r', namespace: 'n' }, spec }),
    ).toEqual([
      'Gateway n/g at spec.parentRefs.0',
      'HTTPRouteFilter n/f at spec.rules.0.filters.0.extensionRef',
      'Service n/s at spec.rules.0.backendRefs.0',
    ]);
  });

  it('are not what a selector selects', () => {
    const spec = {
      targetSelectors: [{ kind: 'HTTPRoute', matchLabels: { a: 'b' } }],
      jwt: {
        providers: [
          { name: 'p', localJWKS: { type: 'ValueRef', valueRef: { group: '', kind: 'ConfigMap', name: 'keys' } } },
        ],
      },
    };
    const policy = { apiVersion: ENVOY_GATEWAY, kind: 'SecurityPolicy', metadata: { name: 'p' }, spec };
    expect(named(policy)).toEqual(['ConfigMap default/keys at spec.jwt.providers.0.localJWKS.valueRef']);
  });
});
