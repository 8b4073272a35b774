import { fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf';
import type { ProxyBootstrap } from '#controller/api/gen/types.d.ts';
import { isObject } from '#controller/api/compile.ts';
import { registry, schema } from '#proto/load.ts';
import { applyOperations } from '../../features/envoy-patch-policy/apply.ts';
import { readOperation } from '../../features/envoy-patch-policy/operations.ts';
import type { PatchOperationIr } from '../../ir/patch.ts';
import { parseYaml } from '../../provider/parse-yaml.ts';
import { type Outcome, type Refusal, refusal, success } from '../../resources/verdict.ts';
import { bootstrapBase } from './base.ts';

/** A bootstrap as it is given to Envoy. */
export interface WholeBootstrap {
  /** JSON. */
  readonly text: string;
  /** Port of the admin interface. */
  readonly adminPort: number;
}

type Invalid = 'InvalidParameters';
type Fields = { readonly [field: string]: unknown };

/**
 * The bootstrap of an Envoy as the user wants it (EnvoyProxy `bootstrap`): ours with theirs merged into it or patched, or
 * theirs in its place. How Envoy is configured stays ours, as do the listeners and clusters without which it is of no use.
 *
 * Differs from Envoy Gateway: entries of lists that are merged are told apart by their names, where it would have two of a
 * name; and what a bootstrap that replaces ours has to say of the connection to the controller is brought to what is needed.
 */
export function userBootstrap(ours: object, bootstrap: ProxyBootstrap | undefined): Outcome<WholeBootstrap, Invalid> {
  if (bootstrap === undefined) return success({ text: JSON.stringify(ours), adminPort: adminPortOf(ours) ?? 0 });
  const theirs = combined(ours, bootstrap);
  if (!theirs.ok) return theirs;
  const checked = normalised(theirs.value, 'the result');
  if (!checked.ok) return checked;
  const problem = problemOf(checked.value);
  if (problem !== undefined) return invalid(problem);
  const whole = withOurs(checked.value, ours);
  return success({ text: JSON.stringify(whole), adminPort: adminPortOf(whole) ?? 0 });
}

function invalid(message: string): {
  readonly ok: false;
  readonly refusal: { readonly reason: Invalid; readonly message: string };
} {
  return refusal('InvalidParameters', `spec.bootstrap${message.startsWith('.') ? '' : ': '}${message}`);
}

function combined(ours: object, bootstrap: ProxyBootstrap): Outcome<object, Invalid> {
  switch (bootstrap.type) {
    case 'Replace':
      return parsed(bootstrap.value ?? '');
    case 'Merge': {
      const theirs = parsed(bootstrap.value ?? '');
      return theirs.ok ? success(merge(ours, theirs.value)) : theirs;
    }
    case 'JSONPatch':
      return patched(ours, bootstrap);
    default:
      return bootstrap.type satisfies never;
  }
}

/** Reads a bootstrap that a user wrote, with Envoy's names for fields. */
function parsed(text: string): Outcome<object, Invalid> {
  const yaml = parseYaml(text);
  if (!yaml.ok) {
    const { line, column } = yaml.position;
    return invalid(`.value: line ${line}, column ${column}: ${yaml.message}`);
  }
  return normalised(yaml.value, '.value');
}

const bootstrapType = () => schema('envoy.config.bootstrap.v3.Bootstrap');

/** The same with every field as Envoy's API calls it. */
function normalised(value: unknown, place: string): Outcome<object, Invalid> {
  if (!isObject(value)) return invalid(`${place}: accepted is an envoy.config.bootstrap.v3.Bootstrap, an object`);
  try {
    const json: JsonValue = JSON.parse(JSON.stringify(value));
    const options = { registry: registry(), useProtoFieldName: true };
    const named = toJson(bootstrapType(), fromJson(bootstrapType(), json, options), options);
    return isObject(named) ? success(named) : invalid(`${place}: is no object`);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return invalid(`${place}: is no envoy.config.bootstrap.v3.Bootstrap: ${words}`);
  }
}

function patched(ours: object, { jsonPatches = [] }: ProxyBootstrap): Outcome<object, Invalid> {
  const operations: PatchOperationIr[] = [];
  for (const [index, operation] of jsonPatches.entries()) {
    const read = readOperation({ operation }, index);
    if (!read.ok) return invalid(ofBootstrap(read.refusal.message));
    operations.push(read.value);
  }
  const before: JsonObject = JSON.parse(JSON.stringify(ours));
  const applied = applyOperations(before, bootstrapType(), operations);
  return applied.ok ? success(applied.value) : invalid(ofBootstrap(applied.refusal.message));
}

/** Problems of patches name the field of an EnvoyPatchPolicy that has them. */
function ofBootstrap(message: string): string {
  return message.replace(/^spec\.jsonPatches(\[\d+\])\.operation/u, '.jsonPatches$1');
}

function merge(ours: object, theirs: object): object {
  const merged = new Map<string, unknown>(Object.entries(ours));
  for (const [field, value] of Object.entries(theirs)) {
    const before = merged.get(field);
    if (isObject(before) && isObject(value)) merged.set(field, merge(before, value));
    else if (Array.isArray(before) && Array.isArray(value)) merged.set(field, joinLists(before, value));
    else merged.set(field, value);
  }
  return Object.fromEntries(merged);
}

function joinLists(ours: readonly unknown[], theirs: readonly unknown[]): readonly unknown[] {
  const names = new Set<unknown>(theirs.map(nameOf).filter((name) => name !== undefined));
  return [...ours.filter((entry) => !names.has(nameOf(entry))), ...theirs];
}

function nameOf(entry: unknown): unknown {
  return isObject(entry) ? entry['name'] : undefined;
}

/** What a user must not take away, as ".field: problem"; `undefined` when all of it is there. */
function problemOf(bootstrap: Fields | object): string | undefined {
  const port = adminPortOf(bootstrap);
  if (port === undefined) return 'the result: admin.address.socket_address must be present, with a port';
  const ads = at(bootstrap, 'dynamic_resources', 'ads_config', 'grpc_services');
  const [service] = Array.isArray(ads) ? ads : [];
  const cluster = at(service, 'envoy_grpc', 'cluster_name');
  if (cluster !== XDS_CLUSTER_NAME) {
    return `the result: dynamic_resources must not be changed: found cluster ${JSON.stringify(cluster)}, accepted is "${XDS_CLUSTER_NAME}"`;
  }
  const missing = ['lds_config', 'cds_config'].find(
    (field) => at(bootstrap, 'dynamic_resources', field, 'ads') === undefined,
  );
  return missing === undefined ? undefined : `the result: dynamic_resources.${missing}.ads must be present`;
}

/** As Envoy Gateway calls it: users' bootstraps name it. */
export const XDS_CLUSTER_NAME = 'xds_cluster';

/** How Envoy reaches the controller is ours; listeners and clusters of ours that are missing are put back. */
function withOurs(theirs: object, ours: object): object {
  const resources = at(theirs, 'static_resources');
  const named = (field: string): { readonly ours: readonly unknown[]; readonly theirs: readonly unknown[] } => ({
    ours: listAt(ours, field),
    theirs: listAt(theirs, field),
  });
  const clusters = named('clusters');
  const listeners = named('listeners');
  const isXds = (entry: unknown): boolean => nameOf(entry) === XDS_CLUSTER_NAME;
  return {
    ...theirs,
    dynamic_resources: at(ours, 'dynamic_resources'),
    static_resources: {
      ...(isObject(resources) ? resources : {}),
      clusters: joinLists(clusters.ours, [
        ...clusters.theirs.filter((entry) => !isXds(entry)),
        ...clusters.ours.filter(isXds),
      ]),
      listeners: joinLists(listeners.ours, listeners.theirs),
    },
  };
}

function listAt(bootstrap: object, field: string): readonly unknown[] {
  const list = at(bootstrap, 'static_resources', field);
  return Array.isArray(list) ? list : [];
}

function adminPortOf(bootstrap: object): number | undefined {
  const port = at(bootstrap, 'admin', 'address', 'socket_address', 'port_value');
  return typeof port === 'number' ? port : undefined;
}

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const field of path) found = isObject(found) ? found[field] : undefined;
  return found;
}

/** Why a bootstrap cannot be used, whatever it is combined with; `undefined` when it can. */
export function bootstrapProblem(bootstrap: ProxyBootstrap | undefined): Refusal<Invalid> | undefined {
  if (bootstrap === undefined) return undefined;
  const outcome = userBootstrap(SOME_BOOTSTRAP, bootstrap);
  return outcome.ok ? undefined : outcome.refusal;
}

/** Stands for ours where it is only asked whether theirs is one. */
const SOME_BOOTSTRAP = bootstrapBase({
  key: 'some/gateway',
  adminPort: 19_000,
  xdsCluster: { name: XDS_CLUSTER_NAME, type: 'STATIC', connect_timeout: '1s' },
  sidecarSocket: '/sidecar.sock',
  initialFetchTimeout: '0s',
});
