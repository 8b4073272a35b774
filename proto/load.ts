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
 * The files that are loaded first, in parts that are each loaded when a name of theirs is asked for: a start does not wait
 * for the rest of Envoy's API. A name that no part has comes from the whole of it.
 */
const PARTS = [
  part((name) => name.startsWith('envoy.service.ext_proc.'), ['envoy/service/ext_proc/v3/external_processor.proto']),
  part(
    () => true,
    [
      'envoy/config/cluster/v3/cluster.proto',
      'envoy/config/endpoint/v3/endpoint.proto',
      'envoy/config/listener/v3/listener.proto',
      'envoy/config/route/v3/route.proto',
      'envoy/extensions/filters/http/ext_proc/v3/ext_proc.proto',
      'envoy/extensions/filters/http/header_mutation/v3/header_mutation.proto',
      'envoy/extensions/filters/http/router/v3/router.proto',
      'envoy/extensions/filters/http/wasm/v3/wasm.proto',
      'envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto',
      'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
      'envoy/extensions/transport_sockets/tls/v3/secret.proto',
      'envoy/extensions/transport_sockets/tls/v3/tls.proto',
      'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
      'envoy/service/discovery/v3/discovery.proto',
    ],
  ),
];

interface Part {
  readonly mayHave: (name: string) => boolean;
  readonly registry: () => FileRegistry;
}

function part(mayHave: (name: string) => boolean, files: readonly string[]): Part {
  return { mayHave, registry: once(() => createFileRegistry(envoyFileSetOf(files))) };
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

function registryOf(name: string): FileRegistry {
  if (name.startsWith('sluice.')) return sluiceRegistry();
  const loaded = PARTS.find(({ mayHave }) => mayHave(name))?.registry();
  return loaded?.getMessage(name) === undefined && loaded?.getEnum(name) === undefined ? registry() : loaded;
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
