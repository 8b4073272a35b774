import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compile } from '#controller/compile.ts';
import { type Authority, issue, type KeyPair, makeAuthority } from '#controller/pki/authority.ts';
import { loadOnce } from '#controller/provider/files/load-once.ts';
import { readLayoutModule } from '#controller/oci/layout.ts';
import { type Clock, systemClock } from '#controller/runtime/clock.ts';
import { manualClock } from '#controller/runtime/testing/manual-clock.ts';
import { ModuleStore } from '#controller/server/agent/module-store.ts';
import { SidecarStates } from '#controller/server/agent/sidecar-states.ts';
import { Publication } from '#controller/server/ads/publication.ts';
import { SESSION_TIMES } from '#controller/server/ads/session.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from '#controller/server/connection-limits.ts';
import { ProxyConnections } from '#controller/server/proxy-connections.ts';
import { serveProxy } from '#controller/server/proxy-server.ts';
import { podAgent } from '#controller/server/testing/pod-clients.ts';
import { EMPTY_SNAPSHOT } from '#controller/xds/snapshot.ts';
import { lower } from '#controller/xds/lower.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { sendSteadily } from '../cluster/steady-traffic.ts';
import { freePort } from '../process/sluice.ts';
import { type LivePod, startLivePod } from './pod.ts';

const KEY = 'shop/web';
const POLL = { interval: 50 };

let folder: string;
let authority: Authority;
let door: ProxyConnections;
let xdsPort: number;
let pod: LivePod | undefined;
/** Lines of the log of the server. */
let said: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sl-pod-'));
  said = [];
  const now = Date.now();
  authority = await makeAuthority(now);
  door = await openDoor(0);
});
afterEach(async () => {
  await pod?.stop();
  pod = undefined;
  await door.close();
  rmSync(folder, { recursive: true, force: true });
});

async function openDoor(port: number): Promise<ProxyConnections> {
  const server = await issue(authority, { kind: 'server', dnsNames: ['envoy-gateway'] }, Date.now());
  const opened = new ProxyConnections({
    identity: { ...server, trusted: authority.trusted },
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  xdsPort = await opened.listen(port, '127.0.0.1');
  return opened;
}

const keys = issuer('ES256', 'one');

/** Nobody gets beyond this without a token. */
const GUARD = `
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: all, namespace: shop }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: all }]
  jwt:
    providers: [{ name: p, localJWKS: { type: Inline, inline: '${JSON.stringify({ keys: [keys.jwk] })}' } }]
`;

/** Serves the proxy of a Gateway on a port with one answer. */
async function serve(
  port: number,
  policies = '',
  clock: Clock = systemClock,
  limits: ConnectionLimits = CONNECTION_LIMITS,
): Promise<Publication> {
  const file = join(folder, 'world.yaml');
  writeFileSync(
    file,
    `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: eg }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: shop }
spec: { gatewayClassName: eg, listeners: [{ name: http, port: ${port}, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: shop }
spec:
  parentRefs: [{ name: web }]
  rules: [{ filters: [{ type: RequestRedirect, requestRedirect: { scheme: https, statusCode: 301 } }] }]
${policies}`,
  );
  const proxy = compile(loadOnce([file])).proxies.get(KEY);
  if (proxy === undefined) throw new Error('no proxy');
  const image = await readLayoutModule(resolve(ROOT, 'build/filters/policy'));
  if (!image.ok) throw new Error(image.refusal.message);
  const { module } = image.value;
  const events = { rejected: () => undefined, settled: () => undefined };
  const publication = new Publication(events, SESSION_TIMES, 'first');
  const modules = new ModuleStore({ load: async () => module, onReady: () => publish(), clock });
  const publish = (): void => {
    const path = modules.path(module.digest);
    publication.publish(lower(proxy.xds, path === undefined ? undefined : { digest: module.digest, path }));
  };
  modules.want([module.digest]);
  publish();
  serveProxy({
    socket: door.socketOf(KEY),
    publication,
    modules,
    states: new SidecarStates(),
    unknownKey: () => undefined,
    clock,
    limits,
    log: pino({ level: 'info' }, { write: (line) => void said.push(line) }),
  });
  return publication;
}

const pairOfProxy = (): Promise<KeyPair> => issue(authority, { kind: 'proxy', key: KEY }, Date.now());

async function start(port: number): Promise<LivePod> {
  const pair = await pairOfProxy();
  const gateway = {
    namespace: 'shop',
    name: 'web',
    labels: {},
    annotations: {},
    addresses: [],
    hostnames: [],
    ports: [{ name: 'http', port, protocol: 'TCP', application: 'HTTP' }],
  } as const;
  const parameters = {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name: 'config', namespace: 'shop', generation: 1 },
    spec: {
      logging: { level: { default: 'warn' } },
      shutdown: { minDrainDuration: '100ms', drainTimeout: '5s' },
    },
  } as const;
  const infra = { key: KEY, sockets: [], gatewayClass: 'eg', merged: false, gateways: [gateway], parameters };
  pod = await startLivePod(infra, xdsPort, authority, pair);
  return pod;
}

async function status(port: number, path: string, headers: { readonly [name: string]: string } = {}): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' }).catch(() => undefined);
  return answer?.status ?? 0;
}

describe('the pod of a proxy, with its real Envoy and sidecar', () => {
  it('is ready when it holds its configuration, shows metrics but no admin interface, and takes leave when it ends', async () => {
    const port = await freePort();
    const { ports, drainToken } = await start(port);
    await expect.poll(() => status(ports.sidecar, '/healthz'), POLL).toBe(200);
    // The controller has not read yet what it is to serve: nobody starts, and nobody is ready.
    expect([await status(ports.sidecar, '/started'), await status(ports.readiness, '/ready')]).toEqual([503, 0]);
    await serve(port);
    // The sidecar has what Envoy will be told to load.
    await expect.poll(() => status(ports.sidecar, '/started'), POLL).toBe(200);
    await expect.poll(() => status(ports.readiness, '/ready'), POLL).toBe(200);
    expect(await status(ports.readiness, '/alive')).toBe(200);
    await expect.poll(() => status(port, '/'), POLL).toBe(301);
    await expect.poll(() => status(ports.metrics, '/stats/prometheus'), POLL).toBe(200);
    expect([await status(ports.metrics, '/config_dump'), await status(ports.readiness, '/config_dump')]).toEqual([
      404, 404,
    ]);
    expect(await status(ports.sidecar, '/shutdown/ready')).toBe(403);
    expect(await status(ports.readiness, '/ready')).toBe(200);
    expect(await status(ports.sidecar, '/shutdown/ready', { 'x-sluice-drain': drainToken })).toBe(200);
    expect(await status(ports.readiness, '/ready')).toBe(503);
    expect(await status(ports.readiness, '/alive')).toBe(200);
    // Who comes all the same is served.
    expect(await status(port, '/')).toBe(301);
  });

  it('is not ready before its own sidecar has come, though another’s has, and never answers 500 then', async () => {
    const port = await freePort();
    const { ports, sidecar, sidecarAgain } = await start(port);
    sidecar.kill('SIGKILL');
    await once(sidecar, 'exit');
    // No time passes: it waits for its sidecar, and for nothing else.
    await serve(port, GUARD, manualClock());
    const other = podAgent({ port: xdsPort, pair: await pairOfProxy(), trusted: authority.trusted, pod: 'other' });
    try {
      await expect.poll(() => other.heard, POLL).toBeGreaterThan(0);
      const asked = async (): Promise<string> => {
        const stats = `http://127.0.0.1:${ports.admin}/stats?filter=lds.update_attempt`;
        return fetch(stats).then(
          (answer) => answer.text(),
          () => '',
        );
      };
      await expect.poll(asked, POLL).toContain('update_attempt: 1');
      expect([await status(ports.readiness, '/ready'), await status(port, '/')]).toEqual([0, 0]);
      sidecarAgain();
      const came = new Set<number>();
      const isGuarded = async (): Promise<boolean> => {
        const answer = await status(port, '/');
        came.add(answer);
        return answer === 401;
      };
      await expect.poll(isGuarded, POLL).toBe(true);
      expect([...came].filter((answer) => ![0, 401].includes(answer))).toEqual([]);
      await expect.poll(() => status(ports.readiness, '/ready'), POLL).toBe(200);
    } finally {
      other.close();
    }
  });

  it('loses no request and no change to connections that are not to be older than a moment', async () => {
    const port = await freePort();
    await start(port);
    const publication = await serve(port, '', systemClock, { ...CONNECTION_LIMITS, age: 500, grace: 100 });
    const connect = publication.connect.bind(publication);
    let times = 0;
    publication.connect = (...ports) => {
      times += 1;
      return connect(...ports);
    };
    await expect.poll(() => status(port, '/'), POLL).toBe(301);
    const traffic = sendSteadily(`http://127.0.0.1:${port}/`, {}, 301);
    const before = times;
    await expect.poll(() => times, { ...POLL, timeout: 60_000 }).toBeGreaterThan(before + 2);
    const { sent, lost } = await traffic.stop();
    expect(lost).toEqual([]);
    expect(sent).toBeGreaterThan(0);
    expect(said.filter((line) => line.includes('asks another replica'))).toEqual([]);
    // What is published while nobody is connected is what the next connection brings.
    const publish = publication.publish.bind(publication);
    publication.publish = () => undefined;
    publish(EMPTY_SNAPSHOT);
    await expect.poll(() => status(port, '/'), { ...POLL, timeout: 60_000 }).toBe(0);
  });

  it('takes new certificates, of a new authority, without a restart of either side', async () => {
    const port = await freePort();
    const first = await serve(port);
    const started = await start(port);
    await expect.poll(() => first.clients, POLL).toBe(1);
    authority = await makeAuthority(Date.now(), authority);
    const renewed = await issue(authority, { kind: 'proxy', key: KEY }, Date.now());
    await started.certify(renewed, authority.trusted);
    // From now on only what the new authority has signed is let in.
    authority = { ...authority, trusted: authority.current.certificate };
    await door.close();
    door = await openDoor(xdsPort);
    const second = await serve(port);
    await expect.poll(() => second.clients, POLL).toBe(1);
    expect(started.envoy.exitCode).toBeNull();
    await expect.poll(() => status(started.ports.sidecar, '/healthz'), POLL).toBe(200);
  });
});
