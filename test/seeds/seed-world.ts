import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { compile } from '#controller/compile.ts';
import type { ListenerIr } from '#controller/ir/listener.ts';
import { type Loaded, loadOnce } from '#controller/provider/files/load-once.ts';
import type { Translation } from '#controller/translate.ts';
import { lower, type ModuleFile } from '#controller/xds/lower.ts';
import { compilePolicy } from '#wasm-filters/build.ts';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { startGrpcEcho } from '../envoy/grpc-echo.ts';
import { startLiveSidecar } from '../envoy/live-sidecar.ts';
import type { Listening } from '../listening.ts';
import { startTcp, startTls, startUdp } from '../streams/back-ends.ts';
import { type ConnectionOptions, say, send as sendDatagram } from '../streams/talk.ts';
import { issue } from '../tls/authority.ts';
import { startEchoBackEnd } from './echo-back-end.ts';
import { seedPath } from './folder.ts';
import type { SeedGroup } from './group.ts';
import { type SeedAnswer, type SeedRequest, send } from './request.ts';
import { selfSigned } from './self-signed.ts';

/** What a group becomes, on real Envoy. */
export interface SeedWorld {
  /** Sends a request to the listener of this port, as it is written in the manifest. */
  readonly ask: (request: SeedRequest) => Promise<SeedAnswer>;
  /** Says something on a connection of its own to the listener of this port; resolves with the answer, or "closed". */
  readonly say: (port: number, text: string, options?: ConnectionOptions) => Promise<string>;
  /** Sends a datagram to the listener of this port; resolves with the answer, or "nothing". */
  readonly send: (port: number, text: string) => Promise<string>;
  /** The port of loopback on which the listener of this port is. */
  readonly portOf: (port: number) => number;
}

/** What a group becomes when it is read and compiled. */
export interface SeedResult {
  readonly loaded: Loaded;
  readonly translation: Translation;
}

/** Reads a group with what it takes for granted, and compiles it; `ports` are those of the back-ends by Service. */
export function compileGroup(group: SeedGroup, ports: ReadonlyMap<string, number> = new Map()): SeedResult {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  try {
    const own = join(folder, 'own.yaml');
    writeFileSync(own, ownManifests(group, ports));
    const corrected = Object.entries(group.corrected ?? {}).map(([file, correct]) => {
      const path = join(folder, `${file}.yaml`);
      writeFileSync(path, correct(readFileSync(seedPath(file), 'utf8')));
      return path;
    });
    const loaded = loadOnce([...group.files.map(seedPath), ...corrected, own]);
    return { loaded, translation: compile(loaded) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a group on a real Envoy, one for each of its proxies. */
export async function runGroup(group: SeedGroup, run: (world: SeedWorld) => Promise<void>): Promise<void> {
  const backEnds = new Map<string, Listening>();
  const envoys: LiveEnvoy[] = [];
  const stops: (() => Promise<void>)[] = [];
  try {
    for (const service of group.services ?? []) backEnds.set(service, await startBackEnd(service));
    for (const [service, methods] of Object.entries(group.grpcServices ?? {})) {
      backEnds.set(service, await startGrpcEcho(service, [], methods));
    }
    const ports = new Map([...backEnds].map(([service, { port }]) => [service, port]));
    const { translation } = compileGroup(group, ports);
    const bound = new Map<string, number>();
    const portOf = (port: number, protocol: 'TCP' | 'UDP' = 'TCP') => bound.get(`${protocol} ${port}`) ?? port;
    for (const { xds } of translation.proxies.values()) {
      if (xds.listeners.length === 0) continue;
      const envoy = await startLiveEnvoy();
      envoys.push(envoy);
      const listeners: ListenerIr[] = [];
      for (const listener of xds.listeners) {
        const port = await bindable(listener.port);
        bound.set(`${listener.protocol} ${listener.port}`, port);
        listeners.push({ ...listener, address: '127.0.0.1', port });
      }
      const module = group.policies === true ? await startPolicies(envoy, stops) : undefined;
      const rejected = await envoy.publish(lower({ ...xds, listeners }, module));
      if (rejected.length > 0) throw new Error(`Envoy refuses ${JSON.stringify(rejected)}`);
      await untilWorkersListen(envoy, listeners.length);
    }
    await run({
      ask: (request) => send({ ...request, port: portOf(request.port) }),
      say: (port, text, options) => say(portOf(port), text, options),
      send: (port, text) => sendDatagram(portOf(port, 'UDP'), text),
      portOf,
    });
  } finally {
    for (const envoy of envoys) await envoy.stop();
    for (const stop of stops) await stop();
    for (const backEnd of backEnds.values()) await backEnd.stop();
  }
}

function startBackEnd(service: string): Promise<Listening> {
  const [name = '', transport] = service.split(/\/(?=TCP|UDP|TLS)/u);
  switch (transport) {
    case 'TCP':
      return startTcp(name);
    case 'UDP':
      return startUdp(name);
    case 'TLS':
      return startTls(name, issue('back-end'));
    default:
      return startEchoBackEnd(service);
  }
}

/** Puts the `policy` module and a sidecar beside an Envoy. */
async function startPolicies(envoy: LiveEnvoy, stops: (() => Promise<void>)[]): Promise<ModuleFile> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'policy.wasm');
  writeFileSync(path, await compilePolicy());
  stops.push(await startLiveSidecar(envoy, folder));
  return { digest: 'sha256:test', path };
}

/** An active listener is bound, but nothing takes its connections until the worker has it. */
async function untilWorkersListen(envoy: LiveEnvoy, listeners: number): Promise<void> {
  for (;;) {
    const stats = await envoy.admin('/stats?filter=listener_manager.listener_create_success');
    if (Number(/create_success: (\d+)/u.exec(stats)?.[1] ?? 0) >= listeners) return;
    await sleep(5);
  }
}

/** The port, or one in its stead where it cannot be bound: it is privileged and we are not, or it is taken. */
async function bindable(port: number): Promise<number> {
  for (const candidate of [port, 25_000 + (port % 900)]) {
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(candidate, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return candidate;
  }
  throw new Error(`neither port ${port} nor the one in its stead can be bound`);
}

function ownManifests(
  { extra = '', services = [], grpcServices = {}, certificates = {} }: SeedGroup,
  ports: ReadonlyMap<string, number>,
): string {
  const objects = [
    ...serviceObjects([...services, ...Object.keys(grpcServices)], ports),
    ...Object.entries(certificates).map(([secret, host]) => {
      const [namespace, name] = secret.split('/');
      const metadata = { namespace, name };
      const pair = selfSigned(host);
      // A certificate that is signed with its own key is its own authority.
      const stringData = { ...pair, 'ca.crt': pair['tls.crt'] };
      return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', stringData };
    }),
  ];
  return [extra, ...objects.map((object) => stringify(object))].join('\n---\n');
}

interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  readonly backEnd: number;
}

/** A Service may have one number as a port of TCP and of UDP. */
function serviceObjects(services: readonly string[], backEnds: ReadonlyMap<string, number>): readonly object[] {
  const all = new Map<string, ServicePort[]>();
  for (const service of services) {
    const [, named = '', port, transport] = /^(.+):(\d+)(?:\/(TCP|TLS|UDP))?$/u.exec(service) ?? [];
    const protocol = transport === 'UDP' ? 'UDP' : 'TCP';
    const found = { name: `${protocol.toLowerCase()}-${port}`, port: Number(port), protocol } as const;
    all.set(named, [...(all.get(named) ?? []), { ...found, backEnd: backEnds.get(service) ?? 9 }]);
  }
  return [...all].flatMap(([named, ports]) => {
    const [namespace, name] = named.split('/');
    return [
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace, name },
        spec: {
          ports: ports.map(({ name: port, ...rest }) => ({ name: port, port: rest.port, protocol: rest.protocol })),
        },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['127.0.0.1'] }],
        ports: ports.map(({ name: port, protocol, backEnd }) => ({ name: port, protocol, port: backEnd })),
      },
    ];
  });
}
