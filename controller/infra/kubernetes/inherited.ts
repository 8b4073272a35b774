import { isObject } from '#controller/api/compile.ts';
import { at } from './addresses.ts';

/** As whom Envoy Gateway applies what a proxy is made of. */
const PREDECESSOR = 'envoy-gateway';

/**
 * Who manages which field of an object (`metadata.managedFields`), with all that Envoy Gateway has applied of it as applied by
 * `manager`: what that applies next takes the place of all of it. Otherwise the API server would merge the two, and a pod
 * would keep the containers of both (Kubernetes, "Server-Side Apply", transferring ownership). `undefined` where Envoy Gateway
 * has applied nothing of it. Pure.
 */
export function inherited(object: unknown, manager: string): readonly unknown[] | undefined {
  const fields = at(object, 'metadata', 'managedFields');
  const entries: readonly unknown[] = Array.isArray(fields) ? fields : [];
  const [theirs] = entries.filter((entry) => isAppliedBy(PREDECESSOR, entry));
  if (!isObject(theirs)) return undefined;
  const both = entries.filter((entry) => isAppliedBy(PREDECESSOR, entry) || isAppliedBy(manager, entry));
  const fieldsV1 = both.map((entry) => at(entry, 'fieldsV1')).reduce(union, {});
  return [...entries.filter((entry) => !both.includes(entry)), { ...theirs, manager, fieldsV1 }];
}

function isAppliedBy(manager: string, entry: unknown): boolean {
  const [operation, subresource = ''] = [at(entry, 'operation'), at(entry, 'subresource')];
  return at(entry, 'manager') === manager && operation === 'Apply' && subresource === '';
}

/** The fields of two sets (meta/v1 FieldsV1: objects in objects, where a leaf is empty). */
function union(some: unknown, more: unknown): unknown {
  if (!isObject(some)) return more;
  if (!isObject(more)) return some;
  const merged: { [field: string]: unknown } = { ...some };
  for (const [field, value] of Object.entries(more)) merged[field] = union(merged[field], value);
  return merged;
}
