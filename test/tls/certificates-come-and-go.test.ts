import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { admit } from '#controller/provider/admit.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { createTranslator } from '#controller/translate.ts';
import { showSaid } from '../seeds/show-status.ts';
import { authority, issue } from './authority.ts';
import { authorities, CLASS, object, pathRoute, service, tlsSecret } from './manifests.ts';

/** A store and what is said of the objects in it. */
function world(...manifests: readonly string[]) {
  const store = new ResourceStore();
  const translate = createTranslator(DEFAULT_SETTINGS);
  const put = (text: string): void => {
    for (const document of text.split('---\n').filter((one) => one !== '')) {
      const admitted = admit(JSON.parse(document));
      if (admitted.kind === 'resource') store.upsert(admitted.resource);
    }
  };
  for (const manifest of manifests) put(manifest);
  const said = (subject: string): readonly string[] =>
    showSaid(translate(store).statuses().flat())
      .map(({ line }) => line)
      .filter((line) => line.startsWith(subject));
  const secrets = (): readonly string[] =>
    [...translate(store).proxies.values()].flatMap(({ xds }) => xds.secrets.map(({ name }) => name));
  const clusters = (): readonly string[] =>
    [...translate(store).proxies.values()].flatMap(({ xds }) => xds.clusters.flat().map(({ name }) => name));
  return { store, put, said, secrets, clusters };
}

const ca = authority('ours');
const GATEWAY = object('Gateway', 'shop', {
  spec: {
    gatewayClassName: 'sluice',
    listeners: [
      {
        name: 'https',
        protocol: 'HTTPS',
        port: 18_443,
        tls: { certificateRefs: [{ name: 'server', namespace: 'certs' }] },
      },
      { name: 'http', protocol: 'HTTP', port: 18_080 },
    ],
  },
});
const LISTENER = 'Gateway default/shop listener https';

function inCerts(text: string): string {
  return text.replace('"metadata":{', '"metadata":{"namespace":"certs",');
}

const GRANT = inCerts(
  object('ReferenceGrant', 'gateways', {
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default' }],
      to: [{ group: '', kind: 'Secret' }],
    },
  }),
).replace('gateway.networking.k8s.io/v1"', 'gateway.networking.k8s.io/v1beta1"');

describe('a certificate in another namespace', () => {
  it('is shown once it and a grant are there, and no longer when one of them is gone', () => {
    const { store, put, said, secrets } = world(CLASS, GATEWAY);
    expect(said(LISTENER)[0]).toContain('!ResolvedRefs(RefNotPermitted)');
    put(GRANT);
    expect(said(LISTENER)[0]).toContain('!ResolvedRefs(InvalidCertificateRef)');
    put(inCerts(tlsSecret('server', issue('server', { dns: ['shop.example'] }, ca))));
    expect(said(LISTENER)[0]).toContain('Accepted, ResolvedRefs, Programmed');
    expect(secrets()).toEqual(['certs/server']);
    store.delete('ReferenceGrant', 'certs', 'gateways');
    expect(said(LISTENER)[0]).toContain('!ResolvedRefs(RefNotPermitted)');
    expect(secrets()).toEqual([]);
    put(GRANT);
    store.delete('Secret', 'certs', 'server');
    expect(said(LISTENER)[0]).toContain('!ResolvedRefs(InvalidCertificateRef)');
  });
});

describe('authorities of a back-end', () => {
  it('may come later and change, and no cluster does', () => {
    const { store, put, said, secrets, clusters } = world(
      CLASS,
      GATEWAY,
      service('cart', 9),
      pathRoute('cart', { name: 'cart', port: 443 }),
      object('BackendTLSPolicy', 'cart', {
        spec: {
          targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
          validation: { caCertificateRefs: [{ group: '', kind: 'ConfigMap', name: 'ca' }], hostname: 'cart.example' },
        },
      }),
    );
    expect(said('BackendTLSPolicy')[0]).toContain('!Accepted(NoValidCACertificate)');
    expect(clusters()).toEqual([]);
    put(authorities('ca', ca.certificate));
    expect(said('BackendTLSPolicy')[0]).toContain('Accepted, ResolvedRefs');
    const before = clusters();
    expect(before).toHaveLength(1);
    expect(secrets()).toEqual(['ca/ConfigMap/default/ca']);
    put(authorities('ca', authority('other').certificate));
    expect(clusters()).toEqual(before);
    store.delete('BackendTLSPolicy', 'default', 'cart');
    expect(secrets()).toEqual([]);
    expect(clusters()).not.toEqual(before);
  });
});
