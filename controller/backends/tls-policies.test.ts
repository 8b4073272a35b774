import { describe, expect, it } from 'vitest';
import { compile } from '../compile.ts';
import { loadOnce } from '../provider/files/load-once.ts';

const MANIFESTS = `
{ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": { "name": "sluice" },
  "spec": { "controllerName": "gateway.envoyproxy.io/gatewayclass-controller" } }
---
{ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": { "name": "shop" },
  "spec": { "gatewayClassName": "sluice", "listeners": [{ "name": "http", "protocol": "HTTP", "port": 18290 }] } }
---
{ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": { "name": "shop" },
  "spec": { "parentRefs": [{ "name": "shop" }], "rules": [{ "backendRefs": [{ "name": "cart", "port": 443 }] }] } }
---
{ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "cart" }, "spec": { "ports": [{ "port": 443 }] } }
---
{ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "BackendTLSPolicy", "metadata": { "name": "cart" },
  "spec": { "targetRefs": [{ "group": "", "kind": "Service", "name": "cart" }], "validation": VALIDATION } }
`;

function actionsWith(validation: object): readonly string[] {
  const text = MANIFESTS.replace('VALIDATION', JSON.stringify(validation));
  const [proxy] = compile(loadOnce(['-'], { stdin: Buffer.from(text) })).proxies.values();
  return (proxy?.xds.listeners ?? []).flatMap((listener) =>
    listener.chains
      .flat()
      .flatMap((chain) =>
        'virtualHosts' in chain
          ? chain.virtualHosts.flat().flatMap(({ routes }) => routes.map(({ action }) => action.kind))
          : [],
      ),
  );
}

describe('a BackendTLSPolicy', () => {
  it('lets requests through', () => {
    expect(actionsWith({ wellKnownCACertificates: 'System', hostname: 'a.example' })).toEqual(['forward']);
  });

  it.each([
    ['has an unknown field', { wellKnownCACertificates: 'System', hostname: 'a.example', hostName: 'b' }],
    ['names nobody to trust', { hostname: 'a.example' }],
    ['has no host name', { wellKnownCACertificates: 'System' }],
    ['has a bad host name', { wellKnownCACertificates: 'System', hostname: '*.example' }],
  ])('closes its targets when it %s', (_what, validation) => {
    expect(actionsWith(validation)).toEqual(['respond']);
  });
});
