import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '#test/seeds/self-signed.ts';
import { type Listening, listen } from '../listening.ts';
import { CLASS, patch, route } from './manifests.ts';
import { freePort, get, Site, sluice, until } from './sluice.ts';

let backend: Listening;
let site: Site;
let port: number;
let tlsPort: number;
let otherPort: number;
let addedPort: number;

const indented = (pem: string): string => pem.trim().replaceAll('\n', '\n    ');

/** A Secret that Node takes and Envoy does not: its key is too small. */
function secret(kind: 'P-256' | 'RSA-1024'): string {
  const pair = selfSigned('shop.example', kind);
  return `---
apiVersion: v1
kind: Secret
metadata: { name: pair }
type: kubernetes.io/tls
stringData:
  tls.crt: |
    ${indented(pair['tls.crt'])}
  tls.key: |
    ${indented(pair['tls.key'])}
`;
}

const gateway = (): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: shop }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: http, protocol: HTTP, port: ${port} }
    - { name: https, protocol: HTTPS, port: ${tlsPort}, tls: { certificateRefs: [{ name: pair }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: other }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: ${otherPort} }]
`;

/** A patch that adds a resource `own`. */
const adding = (name: string, type: string, value: string): string =>
  patch(name, type, 'own', `{ op: add, path: "", value: ${value} }`);

const badCluster = adding('bad', 'cluster.v3.Cluster', '{ name: own, type: STATIC, connect_timeout: -1s }');

function addedListener(number: number): string {
  const address = `{ socket_address: { address: 127.0.0.1, port_value: ${number} } }`;
  const type = 'type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo';
  const chain = `{ filters: [{ name: echo, typed_config: { "@type": ${type} } }] }`;
  return adding('added', 'listener.v3.Listener', `{ name: own, address: ${address}, filter_chains: [${chain}] }`);
}

/** The conditions of a status, wherever they are in it: "Type=Status (Reason): message". */
async function conditions(kind: string, name: string): Promise<string> {
  const { stdout } = await sluice(['status', kind, name, '-o', 'json', '--admin', site.admin]);
  const found: string[] = [];
  JSON.parse(stdout === '' ? '{}' : stdout, (_, value: unknown) => {
    if (typeof value === 'object' && value !== null && 'reason' in value && 'type' in value && 'status' in value) {
      const message = 'message' in value ? String(value.message) : '';
      found.push(`${String(value.type)}=${String(value.status)} (${String(value.reason)}): ${message}`);
    }
    return value;
  });
  return found.join('\n');
}

async function acks(): Promise<readonly string[]> {
  const { stdout } = await sluice(['config-dump', 'shop', '--show', 'acks', '-o', 'json', '--admin', site.admin]);
  const found: unknown = JSON.parse(stdout);
  return JSON.stringify(found).match(/"(?:acknowledged|pending|rejected)"/gu) ?? [];
}

beforeAll(async () => {
  backend = await listen(createServer({ keepAliveTimeout: 0 }, (_, response) => response.end('ok')));
  [port, tlsPort, otherPort, addedPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  site = await Site.make({
    'gateway.yaml': CLASS + gateway(),
    'secret.yaml': secret('RSA-1024'),
    'route.yaml': route('a', 'shop', '/', backend.port),
    'patch.yaml': badCluster,
  });
  await site.start();
});

afterAll(async () => {
  await site.destroy();
  await backend.stop();
});

describe('at a start with a Secret and a patch that Envoy rejects', () => {
  it('everything else serves, and the gateway is ready', async () => {
    expect(await get(port, '/')).toBe(200);
  });

  it("the Secret is told with Envoy's words by the listener that has it, and by no other", async () => {
    const told = /Programmed=False \(Invalid\): the proxy rejected secret default\/pair: .*RSA/u;
    await until('it is told', async () => told.test(await site.listener('shop', 'https')));
    expect(await site.listener('shop', 'http')).toContain('Programmed=True');
  });

  it("the patched cluster is told with Envoy's words by its EnvoyPatchPolicy", async () => {
    const told =
      /Programmed=False \(Invalid\): The proxy rejected cluster own: .*duration.*, which the policy patches/iu;
    await until('it is told', async () => told.test(await conditions('envoypatchpolicy', 'bad')));
  });

  it('acknowledgements are known of each resource', async () => {
    await until('two are rejected, and others are not', async () => {
      const states = await acks();
      const count = (of: string): number => states.filter((state) => state === of).length;
      return count('"rejected"') === 2 && count('"acknowledged"') > 2;
    });
  });

  it('a mended one is forgotten', async () => {
    site.write('secret.yaml', secret('P-256'));
    site.remove('patch.yaml');
    await until('the listener is programmed', async () =>
      (await site.listener('shop', 'https')).includes('Programmed=True'),
    );
  });
});

describe('a listener that a patch adds', () => {
  it('is not bound on the port of another Gateway, and its policy says who has it', async () => {
    site.write('patch.yaml', addedListener(otherPort));
    await until('the policy tells', async () =>
      (await conditions('envoypatchpolicy', 'added')).includes('Programmed=False (PortUnavailable)'),
    );
    expect(await conditions('envoypatchpolicy', 'added')).toContain(
      `TCP port ${otherPort} on 127.0.0.1 is held by listener http of Gateway default/other`,
    );
    expect(await get(otherPort, '/')).toBe(404);
  });

  it('is bound on a port that is free, which no later Gateway is given', async () => {
    site.write('patch.yaml', addedListener(addedPort));
    await until('the policy is programmed', async () =>
      (await conditions('envoypatchpolicy', 'added')).includes('Programmed=True'),
    );
    const late = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: z-late }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: ${addedPort} }]
`;
    site.write('late.yaml', late);
    await until('the late Gateway is told', async () =>
      (await site.listener('z-late', 'http')).includes('Accepted=False (PortUnavailable)'),
    );
  });
});
