import { create, fromBinary, fromJson, getOption, toBinary, toJson } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { expect, expectTypeOf, test } from 'vitest';
import { enumMembers, type MessageTypes, registry, schema, service, sluiceRegistry } from './load.ts';
import { sluiceFileSet } from './sluice-set.ts';

test('every .proto file of ours compiles', () => {
  expect(sluiceFileSet.file.map((file) => file.name)).toContain('sluice/filter/v1/policy.proto');
});

test('a schema encodes and decodes the type that its name names', () => {
  const Cluster = schema('envoy.config.cluster.v3.Cluster');
  const cluster = create(Cluster, { name: 'a', connectTimeout: { seconds: 2n } });
  expectTypeOf(cluster).toEqualTypeOf<MessageTypes['envoy.config.cluster.v3.Cluster']>();
  expect(fromBinary(Cluster, toBinary(Cluster, cluster))).toEqual(cluster);
});

test("a schema of Sluice's does not wait for Envoy's messages", () => {
  expect(schema('sluice.filter.v1.Policy')).toBe(sluiceRegistry().getMessage('sluice.filter.v1.Policy'));
});

test("a name of Envoy's is found in whatever part of its API, and what a part lacks in the whole", () => {
  for (const name of [
    'envoy.config.listener.v3.Listener',
    'envoy.service.ext_proc.v3.ProcessingRequest',
    'envoy.admin.v3.ConfigDump',
  ] as const) {
    expect(schema(name).typeName).toBe(name);
  }
});

test('the registry encodes any @type as JSON gives it, by either name of a field', () => {
  const Listener = schema('envoy.config.listener.v3.Listener');
  const typedConfig = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    stat_prefix: 'x',
    cluster: 'c',
  };
  const listener = fromJson(
    Listener,
    { name: 'l', filterChains: [{ filters: [{ name: 'tcp', typed_config: typedConfig }] }] },
    { registry: registry() },
  );
  expect(toJson(Listener, listener, { registry: registry(), useProtoFieldName: true })).toMatchObject({
    filter_chains: [{ filters: [{ typed_config: typedConfig }] }],
  });
});

test("the registry holds Sluice's messages too", () => {
  const policy = anyPack(schema('sluice.filter.v1.Policy'), create(schema('sluice.filter.v1.Policy'), { needs: 1 }));
  expect(registry().getMessage(policy.typeUrl.replace('type.googleapis.com/', ''))).toBeDefined();
});

test('(since) can be read from the fields that have it', () => {
  const since = registry().getExtension('sluice.filter.v1.since');
  if (since === undefined) throw new Error('sluice.filter.v1.since expected');
  const { field } = schema('sluice.filter.v1.Policy');
  expect([getOption(field.jwt, since), getOption(field.needs, since)]).toEqual([1, 0]);
});

test('an enum has its members under short names', () => {
  expect(enumMembers('envoy.config.core.v3.ApiVersion').V3).toBe(2);
  expect(enumMembers('sluice.filter.v1.JwtAlgorithm').RS256).toBe(1);
});

test('a service has its methods', () => {
  expect(service('sluice.agent.v1.ModuleAgent').method.connect.methodKind).toBe('bidi_streaming');
});

test('a name that is not there is a bug', () => {
  // @ts-expect-error -- the types hold every name there is
  expect(() => schema('envoy.Nothing')).toThrow('envoy.Nothing');
});
