/**
 * Every protobuf message that Sluice speaks, described at run time.
 *
 * In: `proto/sluice/**.proto` and `proto/envoy/envoy.binpb.gz`. Out: registries and schemas for protobuf-es.
 * Refuses to know: generated JavaScript. There is none; the types in `proto/gen/` are erased, so everything here works
 * straight after `npm ci`. What is compiled of our .proto files is kept in `build/`, for the next start.
 */
import { createFileRegistry, type DescEnum, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { envoyFileSet, envoyFileSetOf } from './envoy/file-set.ts';
import type { EnumTypes, MessageTypes, ServiceTypes } from './gen/index.d.ts';
import { sluiceFileSet } from './sluice-set.ts';

export type { EnumTypes, MessageTypes, ServiceTypes } from './gen/index.d.ts';

/** Gives Sluice's own messages only; loading them takes a fraction of the time that Envoy's take. */
export const sluiceRegistry: () => FileRegistry = once(() => createFileRegistry(sluiceFileSet));

/**
 * What a start needs of Envoy's API: these messages and all that they can hold are loaded at once with the first of them, so
 * that it does not wait for the rest.
 */
const NEEDED_FIRST: readonly (keyof MessageTypes)[] = [
  'envoy.config.cluster.v3.Cluster',
  'envoy.config.endpoint.v3.ClusterLoadAssignment',
  'envoy.config.listener.v3.Listener',
  'envoy.config.route.v3.RouteConfiguration',
  'envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor',
  'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
  'envoy.extensions.filters.http.router.v3.Router',
  'envoy.extensions.filters.http.wasm.v3.Wasm',
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector',
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
  'envoy.extensions.transport_sockets.tls.v3.Secret',
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
  'envoy.service.discovery.v3.DeltaDiscoveryRequest',
];

const neededFirst: () => FileRegistry = once(() => createFileRegistry(envoyFileSetOf(NEEDED_FIRST)));

/** The registries of names that are not needed first, each with all that its message can hold. */
const others = new Map<string, FileRegistry>();

function registryOf(name: string): FileRegistry {
  if (name.startsWith('sluice.')) return sluiceRegistry();
  // A sidecar knows no xDS.
  if (!name.startsWith('envoy.service.ext_proc.') && has(neededFirst(), name)) return neededFirst();
  const known = others.values().find((other) => has(other, name));
  if (known !== undefined) return known;
  const loaded = createFileRegistry(envoyFileSetOf([name]));
  others.set(name, loaded);
  return loaded;
}

function has(types: FileRegistry, name: string): boolean {
  return types.getMessage(name) !== undefined || types.getEnum(name) !== undefined;
}

const envoyRegistry: () => FileRegistry = once(() => createFileRegistry(envoyFileSet()));

/** Gives every message of Envoy's API and of Sluice's; the first call takes about a third of a second. */
export const registry: () => FileRegistry = once(() => createFileRegistry(sluiceRegistry(), envoyRegistry()));

/**
 * Gives the schema of the message with this full name, for `create`, `toBinary`, `fromJson` and so on. A name of
 * Sluice's does not load Envoy's. Throws on a name that is not there: a bug, since the types hold the names.
 */
export function schema<K extends keyof MessageTypes>(name: K): GenMessage<MessageTypes[K]> {
  const message = registryOf(name).getMessage(name);
  if (message === undefined || !isMessage(message, name)) throw new Error(`no message ${name} in proto/`);
  return message;
}

/**
 * Gives the members of the enum with this full name, under the names protobuf-es gives them (without the prefix that
 * all have in common): `enumMembers('envoy.config.core.v3.ApiVersion').V3` is 2. Throws on a name that is not there.
 */
export function enumMembers<K extends keyof EnumTypes>(name: K): EnumTypes[K] {
  const type = registryOf(name).getEnum(name);
  const members: unknown = Object.fromEntries(type?.values.map((value) => [value.localName, value.number]) ?? []);
  if (type === undefined || !isEnum(members, type, name)) throw new Error(`no enum ${name} in proto/`);
  return members;
}

/** Gives the service with this full name. Throws on a name that is not there. */
export function service<K extends keyof ServiceTypes>(name: K): ServiceTypes[K] {
  const found: unknown = registryOf(name).getService(name);
  if (!isService(found, name)) throw new Error(`no service ${name} in proto/`);
  return found;
}

// A descriptor and its type are made from the same file set, so the full name ties the two together.

function isMessage<K extends keyof MessageTypes>(
  message: DescMessage,
  name: K,
): message is DescMessage & GenMessage<MessageTypes[K]> {
  return message.typeName === name;
}

function isEnum<K extends keyof EnumTypes>(_members: unknown, type: DescEnum, name: K): _members is EnumTypes[K] {
  return type.typeName === name;
}

function isService<K extends keyof ServiceTypes>(found: unknown, name: K): found is ServiceTypes[K] {
  return typeof found === 'object' && found !== null && 'typeName' in found && found.typeName === name;
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
