import type { Resource } from '#controller/api/gen/types.d.ts';
import { formatUnimplemented, unimplemented } from '#controller/api/unimplemented.ts';
import { implementedPaths } from '../implemented.ts';
import type { Refusal } from './verdict.ts';

/** Why an object cannot be served as it is written, when it has fields that this version does not implement. */
export function unimplementedFields<R extends string>(resource: Resource, reason: R): Refusal<R> | undefined {
  const found = unimplemented(resource, implementedPaths[resource.kind]);
  if (found.length === 0) return undefined;
  const { name } = resource.metadata;
  const namespace = 'namespace' in resource.metadata ? `${resource.metadata.namespace}/` : '';
  return {
    reason,
    message: `${resource.kind} ${namespace}${name}: ${formatUnimplemented(found)}: not implemented in this version`,
  };
}
