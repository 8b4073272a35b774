import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { dataOf, fieldOf, pairIn } from '#controller/pki/certificate-secrets.ts';
import { issue, makeAuthority } from '#controller/pki/authority.ts';
import { type KeyPair, selfSigned } from '../seeds/self-signed.ts';
import { connectCluster } from './control-plane.ts';
import { GatewaySite, processes, rootOf, routeTo, shopOf, until, untilStatus } from './gateway-site.ts';
import { sendSteadily } from './steady-traffic.ts';

const YEAR = 365 * 24 * 3_600_000;
/** Where controllers serve proxies. */
const XDS_PORT = 18_000;

/** A Gateway with TLS on port 443, too. */
const withTls = (manifest: string): string =>
  manifest.replace(
    'protocol: HTTP }]',
    'protocol: HTTP }, { name: tls, port: 443, protocol: HTTPS, tls: { certificateRefs: [{ name: shop-tls }] } }]',
  );

describe('under load', () => {
  let site: GatewaySite;
  let address = '';
  beforeAll(async () => {
    site = await GatewaySite.install(connectCluster(inject('cluster')), { name: 'certificates' });
    await site.cluster.apply(tlsSecret(selfSigned('first.example')) + withTls(shopOf(site)));
    address = await site.addressOf('shop');
    await untilStatus(`http://${address}/app`, 200);
    await until('the first certificate is served', async () => (await servedBy(address)) === 'first.example');
  });
  afterAll(() => site.remove());

  function tlsSecret(pair: KeyPair): string {
    const data = { 'tls.crt': base64(pair['tls.crt']), 'tls.key': base64(pair['tls.key']) };
    const metadata = { name: 'shop-tls', namespace: site.app };
    return `${JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data })}\n---`;
  }
  async function secret(name: string): Promise<unknown> {
    const path = `/api/v1/namespaces/${site.system}/secrets/${name}`;
    return (await site.cluster.api.ask({ method: 'GET', path })).body;
  }
  const restarts = (): Promise<string> =>
    site.cluster.kubectl(
      'get',
      'pods',
      '-n',
      site.system,
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}{.status.containerStatuses[*].restartCount}{.status.initContainerStatuses[*].restartCount} {end}',
    );

  it('the certificates by which controller and proxies know each other are replaced, authority and all, without a restart', async () => {
    const proxy = `${(await site.proxyOf('shop')).name}-certificate`;
    const before = await restarts();
    const old = {
      ca: fieldOf(await secret('sluice-ca'), 'tls.crt') ?? '',
      server: pairIn(await secret('envoy-gateway')),
    };
    const traffic = sendSteadily(`http://${address}/app`);
    // As time would have it: an authority that is to be replaced, and certificates of it that are, too.
    const known = {
      current: pairIn(await secret('sluice-ca')) ?? fail(),
      trusted: fieldOf(await secret('sluice-ca'), 'ca.crt') ?? '',
    };
    const aged = await makeAuthority(Date.now() - 8 * YEAR, known);
    const authority = JSON.stringify({ data: dataOf(aged.current, aged.trusted) });
    await site.cluster.kubectl('patch', 'secret', 'sluice-ca', '-n', site.system, '-p', authority);
    await until('there is another authority', async () => {
      const now = fieldOf(await secret('sluice-ca'), 'tls.crt');
      return now !== old.ca && now !== aged.current.certificate;
    });
    // What was signed before stays good meanwhile.
    expect(fieldOf(await secret('sluice-ca'), 'ca.crt')).toContain(old.ca.trim());
    const expired = await issue(aged, { kind: 'server', dnsNames: ['envoy-gateway'] }, Date.now() - 89 * (YEAR / 365));
    const leaf = JSON.stringify({ data: dataOf(expired, aged.trusted) });
    await site.cluster.kubectl('patch', 'secret', 'envoy-gateway', '-n', site.system, '-p', leaf);
    await until('the controller has another certificate', async () => {
      const now = pairIn(await secret('envoy-gateway'))?.certificate;
      return now !== old.server?.certificate && now !== expired.certificate;
    });
    const own = pairIn(await secret(proxy))?.certificate;
    await site.cluster.kubectl('delete', 'secret', proxy, '-n', site.system);
    await until('the proxy has another, too', async () => {
      const now = pairIn(await secret(proxy))?.certificate;
      return now !== undefined && now !== own;
    });
    // The kubelet hands them over; whoever connects from now on shows them.
    const [controllers = ''] = await site.controllerAddresses();
    await until('the controller shows its new certificate', async () => {
      const shown = await certificateAt(controllers, XDS_PORT);
      return isSame(shown, pairIn(await secret('envoy-gateway'))?.certificate);
    });
    await until('Envoy has its new certificate', async () => {
      const wanted = pairIn(await secret(proxy))?.certificate;
      const [envoy] = processes((command) => command.includes(`--service-cluster\0${site.app}/shop\0`));
      return readFileSync(join(rootOf(envoy), 'certs/tls.crt'), 'utf8') === wanted;
    });
    expect(await restarts()).toBe(before);
    const [controller] = site.controllers();
    process.kill(controller ?? 0, 'SIGKILL');
    await until('there is another controller', () =>
      Promise.resolve(site.controllers().some((pid) => pid !== controller)),
    );
    await site.untilServed('shop');
    await site.cluster.apply(routeTo(site.app, 'renewed', '/renewed'));
    await untilStatus(`http://${address}/renewed`, 200);
    const { lost, connections } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(connections).toBe(4);
  });

  it('the certificate of a listener is replaced, and one that Envoy refuses leaves the last good one', async () => {
    const traffic = sendSteadily(`https://${address}/app`, { host: 'second.example' });
    await site.cluster.apply(tlsSecret(selfSigned('second.example')));
    await until('the second certificate is served', async () => (await servedBy(address)) === 'second.example');
    await site.cluster.apply(tlsSecret(selfSigned('third.example', 'RSA-1024')));
    const programmed = '{.status.listeners[?(@.name=="tls")].conditions[?(@.type=="Programmed")]}';
    await until('it is told', async () =>
      (await site.get('gateway', 'shop', '-o', `jsonpath=${programmed}`)).includes('"status":"False"'),
    );
    expect(await servedBy(address)).toBe('second.example');
    await site.cluster.apply(tlsSecret(selfSigned('fourth.example')));
    await until('the fourth certificate is served', async () => (await servedBy(address)) === 'fourth.example');
    expect((await traffic.stop()).lost).toEqual([]);
  });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function fail(): never {
  throw new Error('there is no certificate');
}

/** For whom the certificate is that a new connection is shown; empty where there is none. */
async function servedBy(address: string): Promise<string> {
  const shown = await certificateAt(address, 443);
  return String(shown?.subject.CN ?? '');
}

/** The certificate that a new connection is shown. */
function certificateAt(host: string, port: number): Promise<PeerCertificate | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, servername: 'shop.example' }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
  });
}

function isSame(shown: PeerCertificate | undefined, pem: string | undefined): boolean {
  return shown !== undefined && pem !== undefined && shown.raw.equals(new X509Certificate(pem).raw);
}
