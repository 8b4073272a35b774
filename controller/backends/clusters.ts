import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { posix } from 'node:path';
import { addressClass } from '#extproc/outbound/address-class.ts';
import type { Backend, BackendEndpoint, Service, ServiceImport } from '#controller/api/gen/types.d.ts';
import type { AddressIr, ClusterIr, EndpointSourceIr, PartIr } from '../ir/cluster.ts';
import type { ClusterSettingsIr } from '../ir/cluster-settings.ts';
import type { UpstreamTlsIr } from '../ir/upstream-tls.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import { type Outcome, refusal, type Refusal, success } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';

/** How a back-end is spoken to, for a consumer that knows better than the back-end says. */
export type Protocol = ClusterIr['protocol'];

/** Application protocols of a Service port that mean HTTP/2 without TLS (KEP-3726, GEP-1911). */
const HTTP2_PROTOCOLS: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'gateway.envoyproxy.io/h2c', 'grpc']);
const WEBSOCKET_PROTOCOLS: ReadonlySet<string> = new Set(['kubernetes.io/ws', 'gateway.envoyproxy.io/ws', 'http']);
/** Those that mean TLS: whom to trust is in a BackendTLSPolicy. */
const SECURE_WEBSOCKET_PROTOCOLS: ReadonlySet<string> = new Set(['kubernetes.io/wss', 'gateway.envoyproxy.io/wss']);

/** Why a port of a Service or ServiceImport cannot be had. */
type PortReason = 'PortNotFound' | 'UnsupportedProtocol' | 'UnsupportedValue';

/** The cluster of a port of a Service; with `tls` it is spoken to so. */
export function serviceCluster(
  service: Service,
  port: number,
  protocol: Protocol | undefined,
  tls: UpstreamTlsIr | undefined,
): Outcome<ClusterIr, PortReason> {
  const { namespace, name } = service.metadata;
  if (service.spec.type === 'ExternalName') {
    return refusal(
      'UnsupportedValue',
      `Service ${namespace}/${name}: spec.type: found ExternalName, accepted are ClusterIP, NodePort and LoadBalancer: use a Backend for a host name`,
    );
  }
  const spoken = spokenAt(service, port, protocol, tls !== undefined);
  if (!spoken.ok) return spoken;
  const source = { kind: 'service', namespace, name, port } as const;
  return success(named(`service/${namespace}/${name}/${port}`, { protocol: spoken.value, source, tls }));
}

/** The same of a ServiceImport. */
export function importCluster(
  imported: ServiceImport,
  port: number,
  protocol: Protocol | undefined,
  tls: UpstreamTlsIr | undefined,
): Outcome<ClusterIr, PortReason> {
  const { namespace, name } = imported.metadata;
  const spoken = spokenAt(imported, port, protocol, tls !== undefined);
  if (!spoken.ok) return spoken;
  const source = { kind: 'service-import', namespace, name, port } as const;
  return success(named(`serviceimport/${namespace}/${name}/${port}`, { protocol: spoken.value, source, tls }));
}

/** What carries a protocol. */
export function transportOf(protocol: Protocol | undefined): 'TCP' | 'UDP' {
  return protocol === 'udp' ? 'UDP' : 'TCP';
}

/** What is spoken at a port, if there is one. */
function spokenAt(
  { kind, metadata, spec }: Service | ServiceImport,
  port: number,
  protocol: Protocol | undefined,
  isTls: boolean,
): Outcome<Protocol, PortReason> {
  const { namespace, name } = metadata;
  const transport = transportOf(protocol);
  const found = spec.ports?.find((candidate) => candidate.port === port && candidate.protocol === transport);
  if (found === undefined) {
    const known = (spec.ports ?? []).map((candidate) => `${candidate.protocol} ${candidate.port}`).join(', ');
    return refusal(
      'PortNotFound',
      `${kind} ${namespace}/${name} has no port ${transport} ${port}; it has ${known || 'none'}`,
    );
  }
  const { appProtocol } = found;
  const spoken = protocol ?? (isTls ? secureProtocolOf(appProtocol) : protocolOf(appProtocol));
  if (spoken !== undefined) return success(spoken);
  const at = `${kind} ${namespace}/${name}: port ${port}: appProtocol: found ${appProtocol}`;
  return refusal(
    'UnsupportedProtocol',
    isSecure(appProtocol)
      ? `${at}, which needs a BackendTLSPolicy for the ${kind}: nothing is sent to it in the clear`
      : `${at}, accepted are ${[...HTTP2_PROTOCOLS, ...WEBSOCKET_PROTOCOLS, ...SECURE_WEBSOCKET_PROTOCOLS, 'https'].join(', ')}`,
  );
}

function protocolOf(appProtocol: string | undefined): Protocol | undefined {
  if (appProtocol === undefined || WEBSOCKET_PROTOCOLS.has(appProtocol)) return 'http1';
  return HTTP2_PROTOCOLS.has(appProtocol) ? 'http2' : undefined;
}

function isSecure(appProtocol: string | undefined): boolean {
  return appProtocol !== undefined && (SECURE_WEBSOCKET_PROTOCOLS.has(appProtocol) || isHttps(appProtocol));
}

function isHttps(appProtocol: string): boolean {
  return appProtocol.toLowerCase() === 'https';
}

/** With TLS the two sides agree on the version of HTTP (ALPN), where nothing is said; WebSockets are of HTTP/1.1. */
function secureProtocolOf(appProtocol: string | undefined): Protocol | undefined {
  if (appProtocol === undefined || isHttps(appProtocol) || appProtocol === 'http') return 'negotiated';
  return SECURE_WEBSOCKET_PROTOCOLS.has(appProtocol) ? 'http1' : protocolOf(appProtocol);
}

/** The cluster of a Backend (gateway.envoyproxy.io/v1alpha1). */
export function backendCluster(
  backend: Backend,
  protocol: Protocol | undefined,
  settings: Pick<Settings, 'unixPaths' | 'loopbackBackends' | 'ownFolders'>,
  tls: UpstreamTlsIr | undefined,
): Outcome<ClusterIr, 'InvalidAddress' | 'UnsupportedValue' | 'UnsupportedProtocol'> {
  const problem = backendProblem(backend, settings);
  if (problem !== undefined) return { ok: false, refusal: problem };
  const { namespace, name } = backend.metadata;
  const { appProtocols = [] } = backend.spec;
  const secure = appProtocols.find((one) => SECURE_WEBSOCKET_PROTOCOLS.has(one));
  if (secure !== undefined && tls === undefined) {
    const message = `Backend ${namespace}/${name}: spec.appProtocols: found ${secure}, which needs spec.tls or a BackendTLSPolicy: nothing is sent to it in the clear`;
    return refusal('UnsupportedProtocol', message);
  }
  const spoken = protocol ?? backendProtocol(appProtocols, tls !== undefined);
  return success(
    named(`backend/${namespace}/${name}`, { protocol: spoken, source: sourceOf(backend, settings.unixPaths), tls }),
  );
}

function backendProtocol(appProtocols: readonly string[], isTls: boolean): Protocol {
  if (appProtocols.includes('gateway.envoyproxy.io/h2c')) return 'http2';
  return isTls && appProtocols.length === 0 ? 'negotiated' : 'http1';
}

/** Why a Backend cannot be used, or `undefined`. */
export function backendProblem(
  backend: Backend,
  { loopbackBackends, ownFolders }: Pick<Settings, 'loopbackBackends' | 'ownFolders'>,
): Refusal<'UnsupportedValue' | 'InvalidAddress'> | undefined {
  const missing = unimplementedFields(backend, 'UnsupportedValue');
  if (missing !== undefined) return missing;
  const { namespace, name } = backend.metadata;
  const { endpoints = [] } = backend.spec;
  const at = `Backend ${namespace}/${name}: spec.endpoints`;
  if (endpoints.length === 0) {
    return { reason: 'UnsupportedValue', message: `${at}: found none, at least one is needed` };
  }
  if (endpoints.some(({ unix }) => unix !== undefined) && endpoints.some(({ fqdn }) => fqdn !== undefined)) {
    const message = `${at}: a unix endpoint and an fqdn endpoint cannot be in one Backend`;
    return { reason: 'UnsupportedValue', message };
  }
  const socket = endpoints.find(({ unix }) => unix !== undefined && isWithin(unix.path, ownFolders));
  if (socket !== undefined) {
    return {
      reason: 'InvalidAddress',
      message: `${at}: found ${socket.unix?.path}, which may lead to the sockets of the proxy itself; accepted is a path without .., outside of /proc, /dev and /sys`,
    };
  }
  const own = loopbackBackends ? undefined : endpoints.find(isLoopback);
  if (own !== undefined) {
    const found = own.ip?.address ?? own.fqdn?.hostname;
    return { reason: 'InvalidAddress', message: `${at}: found ${found}, which in a cluster is the proxy itself` };
  }
  return undefined;
}

/**
 * Whether an endpoint is the proxy itself, as far as that can be told: a name may resolve to anything. RFC 1122 section 3.2.1.3,
 * RFC 4291 sections 2.5.2 and 2.5.3, RFC 6761 section 6.3.
 */
function isLoopback({ ip, fqdn }: BackendEndpoint): boolean {
  if (ip !== undefined) return addressClass(ip.address) === 'Loopback';
  const name = fqdn?.hostname.toLowerCase().replace(/\.$/u, '') ?? '';
  const address = addressNamed(name);
  return (
    name === 'localhost' || name.endsWith('.localhost') || (isIP(address) !== 0 && addressClass(address) === 'Loopback')
  );
}

/** The address that a name is which ends in a number (WHATWG URL, "ends-in-a-number checker"); other names as they are. */
function addressNamed(name: string): string {
  return URL.parse(`http://${name}/`)?.hostname ?? name;
}

/**
 * Whether a path leads into one of these folders, or may: by way of processes and devices it may lead anywhere, and `..` behind
 * a link to a folder leads elsewhere than it reads.
 */
function isWithin(path: string, folders: readonly string[]): boolean {
  const plain = plainPath(path);
  const mayLeadAnywhere = path.split('/').includes('..') || /^\/(?:proc|dev|sys)\//u.test(plain);
  return mayLeadAnywhere || folders.some((folder) => plain.startsWith(`${plainPath(folder)}/`));
}

/** A path without detours; `/run` and `/var/run` are one folder. */
function plainPath(path: string): string {
  return posix
    .normalize(path)
    .replace(/^\/+/u, '/')
    .replace(/^\/run\//u, '/var/run/')
    .replace(/\/$/u, '');
}

function sourceOf({ spec: { endpoints = [] } }: Backend, unixPaths: ReadonlyMap<string, string>): EndpointSourceIr {
  if (endpoints.some(({ fqdn }) => fqdn !== undefined)) {
    return {
      kind: 'dns',
      hosts: endpoints.flatMap(({ fqdn, ip }) => {
        if (fqdn !== undefined) return [{ hostname: fqdn.hostname, port: fqdn.port }];
        return ip === undefined ? [] : [{ hostname: ip.address, port: ip.port }];
      }),
    };
  }
  return {
    kind: 'addresses',
    addresses: endpoints.flatMap(({ ip, unix }): AddressIr[] => {
      if (ip !== undefined) return [{ kind: 'ip', address: ip.address, port: ip.port }];
      return unix === undefined ? [] : [{ kind: 'unix', path: unixPaths.get(unix.path) ?? unix.path }];
    }),
  };
}

/** What a cluster is, but for its name. */
type Unnamed = Pick<ClusterIr, 'protocol' | 'source'> & {
  readonly settings?: ClusterSettingsIr | undefined;
  readonly tls: UpstreamTlsIr | undefined;
};

/** A cluster whose name ends in a hash of everything but its addresses. */
function named(backend: string, { protocol, source, settings, tls }: Unnamed): ClusterIr {
  const hashed = { protocol, discovery: discoveryOf(source), settings, tls };
  const hash = createHash('sha256').update(JSON.stringify(hashed)).digest('hex').slice(0, HASH_LENGTH);
  return {
    name: `${backend}-${hash}`,
    protocol,
    source,
    ...(settings === undefined ? {} : { settings }),
    ...(tls === undefined ? {} : { tls }),
  };
}

const HASH_LENGTH = 8;

/** What of a source decides on a name: not the addresses. */
function discoveryOf(source: EndpointSourceIr): unknown {
  switch (source.kind) {
    case 'dns':
      return source;
    case 'several':
      return source.parts.map(({ cluster, weight, fallback }) => [cluster.name, weight, fallback]);
    case 'service':
    case 'service-import':
    case 'addresses':
      return 'eds';
    default:
      return source satisfies never;
  }
}

/**
 * Several back-ends as one cluster, named for the first; they are spoken to alike. Refused are such that differ in how, and host names
 * that Envoy resolves: it does so for a whole cluster or not at all.
 */
export function severalClusters(parts: readonly PartIr[]): Outcome<ClusterIr, 'Invalid'> {
  const [first, ...others] = parts;
  if (first === undefined) return refusal('Invalid', 'found none with a weight, accepted is one or more');
  if (others.length === 0) return success(first.cluster);
  const { protocol, tls } = first.cluster;
  for (const { cluster } of parts) {
    if (cluster.source.kind === 'dns') {
      const found = `found ${cluster.name} with host names beside others, accepted are several back-ends with addresses`;
      return refusal('Invalid', found);
    }
    if (JSON.stringify([cluster.protocol, cluster.tls]) !== JSON.stringify([protocol, tls])) {
      const found = `found ${first.cluster.name} and ${cluster.name}, which are spoken to differently (protocol or TLS)`;
      return refusal('Invalid', found);
    }
  }
  const name = `${first.cluster.name.slice(0, -HASH_LENGTH - 1)}+${others.length}`;
  return success(named(name, { protocol, source: { kind: 'several', parts }, tls }));
}

function renamed(cluster: ClusterIr, changes: Partial<Unnamed>): ClusterIr {
  const { protocol, source, settings, tls } = cluster;
  return named(cluster.name.slice(0, -HASH_LENGTH - 1), { protocol, source, settings, tls, ...changes });
}

const variants = new WeakMap<ClusterIr, WeakMap<ClusterSettingsIr, ClusterIr>>();

/** A back-end as a policy wants it talked to: another cluster, with the same addresses; the same object for the same input. */
export function clusterWith(cluster: ClusterIr, settings: ClusterSettingsIr): ClusterIr {
  const ofCluster = variants.get(cluster) ?? new WeakMap<ClusterSettingsIr, ClusterIr>();
  variants.set(cluster, ofCluster);
  const known = ofCluster.get(settings);
  if (known !== undefined) return known;
  const made = renamed(cluster, { settings });
  ofCluster.set(settings, made);
  return made;
}

const identified = new WeakMap<ClusterIr, Map<string, ClusterIr>>();

/**
 * A back-end that is shown a certificate when it is spoken to by TLS and none of its own is said; the same object for the
 * same input. `certificate` is the name of a secret.
 */
export function clusterShowing(cluster: ClusterIr, certificate: string): ClusterIr {
  const { tls } = cluster;
  if (tls === undefined || tls.clientCertificate !== undefined) return cluster;
  const ofCluster = identified.get(cluster) ?? new Map<string, ClusterIr>();
  identified.set(cluster, ofCluster);
  const known = ofCluster.get(certificate) ?? renamed(cluster, { tls: { ...tls, clientCertificate: certificate } });
  ofCluster.set(certificate, known);
  return known;
}

const hosts = new WeakMap<ClusterSettingsIr, Map<string, ClusterSettingsIr>>();

/** The settings with the host name that HTTP probes ask for, where the policy names none: that of the route. */
export function settingsFor(settings: ClusterSettingsIr, hostname: string): ClusterSettingsIr {
  const active = settings.healthCheck?.active;
  if (active?.probe.kind !== 'http' || active.probe.host !== undefined) return settings;
  const ofSettings = hosts.get(settings) ?? new Map<string, ClusterSettingsIr>();
  hosts.set(settings, ofSettings);
  const known = ofSettings.get(hostname);
  if (known !== undefined) return known;
  const probe = { ...active.probe, host: hostname };
  const made = { ...settings, healthCheck: { ...settings.healthCheck, active: { ...active, probe } } };
  ofSettings.set(hostname, made);
  return made;
}
