import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { adsSource } from './build/config-source.ts';
import { encode } from './build/message.ts';
import { resourceBody } from './resource-body.ts';
import { type XdsResource, type XdsSnapshot, xdsResource } from './snapshot.ts';

/**
 * A RouteConfiguration as it travels: the virtual hosts are resources of their own (VHDS), so that a change of one route is
 * a response of that route's virtual host, whatever else there is. People and patches see the whole.
 */

/** Numbers of fields in `envoy.config.route.v3.RouteConfiguration` and `envoy.config.route.v3.VirtualHost`. */
const VIRTUAL_HOSTS = 2;
const VHDS = 9;
const NAME = 1;

const LEN = WireType.LengthDelimited;

/** The name of a virtual host as a resource: Envoy finds the RouteConfiguration by what comes before the last "/". */
export function virtualHostName(configuration: string, hostname: string): string {
  return `${configuration}/${hostname === '*' ? 'any' : hostname}`;
}

/** The name of the RouteConfiguration that a virtual host belongs to. */
export function configurationOf(virtualHost: string): string {
  return virtualHost.slice(0, virtualHost.lastIndexOf('/'));
}

/** Bytes of an answer that a route gives itself: as long as a ConfigMap can be. Envoy's default of 4 KiB would be too short for pages. */
const LONGEST_BODY = 1_048_576;

/** A RouteConfiguration of ours without its virtual hosts, which come by VHDS over the same stream. */
export function routeConfiguration(name: string): XdsResource {
  const body = encode('envoy.config.route.v3.RouteConfiguration', {
    name,
    ignorePortInHostMatching: true,
    maxDirectResponseBodySizeBytes: LONGEST_BODY,
    vhds: { configSource: adsSource() },
  });
  return xdsResource('route', name, body);
}

/**
 * The snapshot with virtual hosts in their RouteConfigurations, as Envoy's config dump shows them; only with those `among`
 * these names, where given.
 */
export function wholeRoutes(snapshot: XdsSnapshot, among?: ReadonlySet<string>): XdsSnapshot {
  if (among?.size === 0) return snapshot;
  const hosts = new Map<string, XdsResource[]>();
  const others = new Map<string, XdsResource>();
  for (const host of snapshot['virtual-host'].values()) {
    const name = configurationOf(host.name);
    if (!snapshot.route.has(name) || among?.has(name) === false) others.set(host.name, host);
    else if (hosts.get(name)?.push(host) === undefined) hosts.set(name, [host]);
  }
  const route = new Map(snapshot.route);
  for (const [name, own] of hosts) {
    const head = route.get(name);
    if (head !== undefined) route.set(name, whole(head, own));
  }
  return { ...snapshot, route, 'virtual-host': others };
}

function whole({ name, wire }: XdsResource, hosts: readonly XdsResource[]): XdsResource {
  const kept = fieldsOf(resourceBody(wire)).filter(({ number }) => number !== VHDS);
  const added = hosts.map((host) => field(VIRTUAL_HOSTS, resourceBody(host.wire)));
  return xdsResource('route', name, Buffer.concat([...kept.map(({ bytes }) => bytes), ...added]));
}

/**
 * The snapshot with the virtual hosts of these RouteConfigurations as resources of their own. One that says by itself where
 * its virtual hosts come from stays as it is.
 *
 * A virtual host that is not named `<RouteConfiguration>/<name>`, which only a patch can make, is renamed to
 * `<RouteConfiguration>/+<name>`: Envoy takes no other by VHDS.
 */
export function splitRoutes(snapshot: XdsSnapshot, among: ReadonlySet<string>): XdsSnapshot {
  const route = new Map(snapshot.route);
  const hosts = new Map(snapshot['virtual-host']);
  for (const name of among) {
    const found = route.get(name);
    const fields = found === undefined ? [] : fieldsOf(resourceBody(found.wire));
    if (found === undefined || fields.some(({ number }) => number === VHDS)) continue;
    const own = fields.filter(({ number }) => number === VIRTUAL_HOSTS).map(({ value }) => hostResource(name, value));
    const rest = fields.filter(({ number }) => number !== VIRTUAL_HOSTS).map(({ bytes }) => bytes);
    const source = encode('envoy.config.route.v3.RouteConfiguration', { vhds: { configSource: adsSource() } });
    route.set(name, xdsResource('route', name, Buffer.concat([...rest, source])));
    for (const host of own.length === 0 ? [nobody(name)] : foreignLast(own)) hosts.set(host.name, host);
  }
  return { ...snapshot, route, 'virtual-host': hosts };
}

/** Of two with one domain Envoy takes the one that comes first: what a patch adds never replaces what is served. */
function foreignLast(hosts: readonly XdsResource[]): readonly XdsResource[] {
  return [...hosts.filter((host) => !isForeign(host)), ...hosts.filter(isForeign)];
}

/** Envoy waits for a first virtual host, 15 s, and keeps those it has when it is told that there are no longer any by VHDS. */
function nobody(configuration: string): XdsResource {
  const name = `${configuration}/+none`;
  const body = encode('envoy.config.route.v3.VirtualHost', { name, domains: ['nobody.invalid'] });
  return xdsResource('virtual-host', name, body);
}

/** Whether a virtual host is a patch's own. */
export function isForeign({ name }: Pick<XdsResource, 'name'>): boolean {
  return name.includes('/+');
}

function hostResource(configuration: string, body: Uint8Array): XdsResource {
  const name = new TextDecoder().decode(fieldsOf(body).findLast(({ number }) => number === NAME)?.value);
  if (configurationOf(name) === configuration) return xdsResource('virtual-host', name, body);
  const renamed = `${configuration}/+${encodeURIComponent(name)}`;
  // Of a field that is there twice the last one counts.
  return xdsResource('virtual-host', renamed, Buffer.concat([body, field(NAME, new TextEncoder().encode(renamed))]));
}

function field(number: number, value: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, LEN).bytes(value).finish();
}

interface Field {
  readonly number: number;
  /** With its tag. */
  readonly bytes: Uint8Array;
  /** Of a field with a length; of any other empty. */
  readonly value: Uint8Array;
}

function fieldsOf(message: Uint8Array): readonly Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const value = wireType === LEN ? reader.bytes() : new Uint8Array();
    if (wireType !== LEN) reader.skip(wireType, number);
    fields.push({ number, bytes: message.subarray(start, reader.pos), value });
  }
  return fields;
}
