import type { EnvoyJSONPatchConfig, EnvoyPatchPolicy } from '#controller/api/gen/types.d.ts';
import type { PatchedType, PatchOperationIr, PatchValue, ResourcePatchIr } from '../../ir/patch.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';

const TYPES = {
  'type.googleapis.com/envoy.config.listener.v3.Listener': 'listener',
  'type.googleapis.com/envoy.config.route.v3.RouteConfiguration': 'route',
  'type.googleapis.com/envoy.config.cluster.v3.Cluster': 'cluster',
  'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment': 'endpoint',
  'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret': 'secret',
} as const satisfies { readonly [T in EnvoyJSONPatchConfig['type']]: PatchedType };

/**
 * Reads the operations of a policy, those on the same resource together: resources do not depend on each other while they
 * are patched. The first that is not well formed refuses the policy.
 */
export function readPatches({ metadata, spec }: EnvoyPatchPolicy): Outcome<readonly ResourcePatchIr[], 'Invalid'> {
  const policy = `${metadata.namespace}/${metadata.name}`;
  const patches = new Map<string, Omit<ResourcePatchIr, 'operations'> & { readonly operations: PatchOperationIr[] }>();
  for (const [index, config] of (spec.jsonPatches ?? []).entries()) {
    const operation = readOperation(config, index);
    if (!operation.ok) return operation;
    const type = TYPES[config.type];
    const name = nameOf(type, config, operation.value);
    const patch = patches.get(`${type}/${name}`) ?? { policy, type, name, operations: [] };
    patch.operations.push(operation.value);
    patches.set(`${type}/${name}`, patch);
  }
  return success([...patches.values()]);
}

/** A resource that is added whole is called what its own value says, whatever the patch calls it. */
function nameOf(type: PatchedType, { name }: EnvoyJSONPatchConfig, operation: PatchOperationIr): string {
  if (operation.op !== 'whole') return name;
  const { value } = operation;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return name;
  const fields = new Map<string, PatchValue>(Object.entries(value));
  const own = type === 'endpoint' ? (fields.get('cluster_name') ?? fields.get('clusterName')) : fields.get('name');
  return typeof own === 'string' && own !== '' ? own : name;
}

/** Reads one operation; `index` says where it is, for messages. */
export function readOperation(
  { operation }: Pick<EnvoyJSONPatchConfig, 'operation'>,
  index: number,
): Outcome<PatchOperationIr, 'Invalid'> {
  const { op, path, jsonPath, from, value } = operation;
  const at = (field: string): string => `spec.jsonPatches[${index}].operation.${field}`;
  const invalid = (field: string, problem: string) => refusal('Invalid', `${at(field)}: ${problem}`);
  for (const [field, pointer] of [
    ['path', path],
    ['from', from],
  ] as const) {
    if (pointer !== undefined && pointer !== '' && !pointer.startsWith('/')) {
      return invalid(field, `found "${pointer}", accepted is a JSON pointer, which starts with "/" (RFC 6901)`);
    }
  }
  const places = { path: path ?? '', jsonPath: jsonPath === '' ? undefined : jsonPath };
  const isWhole = places.jsonPath === undefined && (places.path === '' || places.path === '/');
  if (isWhole && op !== 'add') {
    const problem =
      path === undefined
        ? 'must be present unless jsonPath is, is missing'
        : `found "${path}", the whole resource; ${op} needs a place inside it, only add takes a whole resource`;
    return invalid('path', problem);
  }
  const unused = (field: string) => invalid(field, `must not be present with op ${op}`);
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      if (from !== undefined) return unused('from');
      if (value === undefined) return invalid('value', `must be present with op ${op}, is missing`);
      return success(isWhole ? { index, op: 'whole', value } : { index, op, at: places, value });
    }
    case 'remove':
      if (from !== undefined) return unused('from');
      return value === undefined ? success({ index, op, at: places }) : unused('value');
    case 'move':
    case 'copy':
      if (value !== undefined) return unused('value');
      if (from === undefined || from === '') return invalid('from', `must be present with op ${op}, is missing`);
      return success({ index, op, at: places, from });
    default:
      return op satisfies never;
  }
}
