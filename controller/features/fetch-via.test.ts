import { describe, expect, it } from 'vitest';
import { selfSigned } from '#test/seeds/self-signed.ts';
import { loadOnce } from '../provider/files/load-once.ts';
import { DEFAULT_SETTINGS } from '../compile.ts';
import { ResourceStore } from '../resources/store.ts';
import { resolveVia } from './fetch-via.ts';

const { 'tls.crt': certificate } = selfSigned('idp.internal');

const BACKENDS = `
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: plain }
spec: { endpoints: [{ fqdn: { hostname: plain.internal, port: 80 } }] }
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: idp }
spec: { endpoints: [{ ip: { address: 10.0.0.1, port: 443 } }, { ip: { address: 10.0.0.2, port: 443 } }] }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ca }
data: { ca.crt: ${JSON.stringify(certificate)} }
`;

function tlsPolicy(validation: string): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: idp }
spec:
  targetRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: idp }]
  validation: ${validation}
`;
}

function via(names: readonly string[], policy = '', url = 'https://idp.example/keys') {
  const resources = new ResourceStore();
  const loaded = loadOnce(['-'], { stdin: Buffer.from(BACKENDS + policy) });
  expect(loaded.problems).toEqual([]);
  for (const { resource } of loaded.resources.values()) resources.upsert(resource);
  const refs = names.map((name) => ({ group: 'gateway.envoyproxy.io', kind: 'Backend', name, weight: 1 }));
  return resolveVia(refs, [url], 'at', { namespace: 'default', resources, settings: DEFAULT_SETTINGS });
}

describe('back-ends of what is fetched', () => {
  it('are asked in order, by the name of the host in the URL', () => {
    expect(via(['idp', 'plain'])).toEqual({
      ok: true,
      value: {
        name: 'Backend/default/idp/ Backend/default/plain/',
        endpoints: [
          { host: '10.0.0.1', port: 443 },
          { host: '10.0.0.2', port: 443 },
          { host: 'plain.internal', port: 80 },
        ],
      },
    });
  });

  it('are who their BackendTLSPolicy says, by the authorities that it names', () => {
    const policy = tlsPolicy(
      '{ hostname: idp.internal, caCertificateRefs: [{ group: "", kind: ConfigMap, name: ca }] }',
    );
    const found = via(['idp'], policy);
    expect(found).toMatchObject({ ok: true, value: { serverName: 'idp.internal' } });
    expect(found.ok && found.value.authorities?.trim()).toBe(certificate.trim());
    const system = via(['idp'], tlsPolicy('{ hostname: idp.internal, wellKnownCACertificates: System }'));
    expect(system.ok && system.value).toMatchObject({ serverName: 'idp.internal' });
    expect(system.ok && system.value.authorities).toBeUndefined();
  });

  it.each([
    [
      'it says more than fetches can look at',
      '{ hostname: a.b, wellKnownCACertificates: System, subjectAltNames: [{ type: URI, uri: "spiffe://a" }] }',
      undefined,
    ],
    ['the URL is not for TLS', '{ hostname: a.b, wellKnownCACertificates: System }', 'http://idp.example/keys'],
    [
      'its authorities are missing',
      '{ hostname: a.b, caCertificateRefs: [{ group: "", kind: ConfigMap, name: none }] }',
      undefined,
    ],
  ])('are not asked where %s', (_, validation, url) => {
    expect(via(['idp'], tlsPolicy(validation), url)).toMatchObject({ ok: false, refusal: { reason: 'Invalid' } });
  });

  it('are not asked where one of them is somebody else', () => {
    const policy = tlsPolicy('{ hostname: a.b, wellKnownCACertificates: System }');
    expect(via(['idp', 'plain'], policy)).toMatchObject({ ok: false });
  });
});
