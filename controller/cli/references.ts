import type { FieldPath } from '#controller/api/field-path.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import { findKind } from '#controller/api/registry.ts';
import { namespaceOf } from '../resources/resources.ts';

/** What a field of an object names. */
export interface Reference {
  readonly path: FieldPath;
  readonly target: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

/** Fields that hold references, one or a list: every one of both API groups is called so. */
const REFERENCE_FIELD = /Refs?$/u;

/** The objects that an object names, of kinds that Sluice reads. Selectors name nothing. */
export function references(resource: Resource): readonly Reference[] {
  const found: Reference[] = [];
  if (resource.kind === 'Gateway') {
    const target = { group: GATEWAY_GROUP, kind: 'GatewayClass', namespace: '', name: resource.spec.gatewayClassName };
    found.push({ path: ['spec', 'gatewayClassName'], target });
  }
  if ('spec' in resource) walk(resource.spec, ['spec'], false, namespaceOf(resource), found);
  return found;
}

const GATEWAY_GROUP = 'gateway.networking.k8s.io';

function walk(value: unknown, path: FieldPath, isReference: boolean, namespace: string, found: Reference[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, [...path, index], isReference, namespace, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const target = isReference ? targetOf(new Map(Object.entries(value)), namespace) : undefined;
  if (target !== undefined) found.push({ path, target });
  for (const [field, member] of Object.entries(value)) {
    walk(member, [...path, field], REFERENCE_FIELD.test(field), namespace, found);
  }
}

function targetOf(fields: ReadonlyMap<string, unknown>, ownNamespace: string): Reference['target'] | undefined {
  const text = (field: string): string | undefined => {
    const value = fields.get(field);
    return typeof value === 'string' ? value : undefined;
  };
  const group = text('group');
  const kind = text('kind');
  const name = text('name');
  // Defaults are filled in: what has no kind by now refers to something else.
  if (group === undefined || kind === undefined || name === undefined) return undefined;
  const known = findKind(group, kind);
  if (known === undefined) return undefined;
  const namespace = known.scope === 'Cluster' ? '' : (text('namespace') ?? ownNamespace);
  return { group, kind, namespace, name };
}
