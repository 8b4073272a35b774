/**
 * Every protobuf message that Sluice speaks, described at run time.
 *
 * In: `proto/sluice/**.proto` and `proto/envoy/envoy.binpb.gz`. Out: registries and schemas for protobuf-es.
 * Refuses to know: generated JavaScript. There is none; the types in `proto/gen/` are erased, so everything here works
 * straight after `npm ci`.
 */
import { createFileRegistry, type DescEnum, type DescMessage, type FileRegistry } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { envoyFileSet } from './envoy/file-set.ts';
import type { EnumTypes, MessageTypes, ServiceTypes } from './gen/index.d.ts';
import { compileSources } from './source/file-set.ts';
import { readSources } from './source/sources.ts';

export type { EnumTypes, MessageTypes, ServiceTypes } from './gen/index.d.ts';

/** Gives what is in `proto/sluice`, compiled anew, with the google/protobuf files it imports. */
export function sluiceFileSet(): FileDescriptorSet {
  return compileSources(readSources());
}

/** Gives Sluice's own messages only; loading them takes a fraction of the time that Envoy's take. */
export const sluiceRegistry: () => FileRegistry = once(() => createFileRegistry(sluiceFileSet()));

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
  return name.startsWith('sluice.') ? sluiceRegistry() : registry();
}

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
