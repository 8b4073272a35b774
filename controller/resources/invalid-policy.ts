import { isObject } from '#controller/api/compile.ts';
import type { LabelSelectorRequirement, ResourceOf, TargetSelector } from '#controller/api/gen/types.d.ts';

/**
 * A policy that the schema refuses and of which no good version is known. It is kept for one purpose: what it meant to
 * guard answers 500 instead of being open.
 */
export interface InvalidPolicy {
  readonly kind: ResourceOf<(typeof GUARDING_KINDS)[number]>['kind'];
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly targets: readonly InvalidPolicyTarget[];
  readonly selectors: readonly TargetSelector[];
  /** Whether its name is another one's, which is served: then it closes what that one does not target. */
  readonly isDuplicate?: true;
}

/** What of a second policy of a name is left to close, beside what the first targets; `undefined` for nothing. */
export function beside(first: InvalidPolicy, second: InvalidPolicy): InvalidPolicy | undefined {
  const known = new Set([...first.targets, ...first.selectors].map((one) => JSON.stringify(one)));
  const isLeft = (one: object): boolean => !known.has(JSON.stringify(one));
  const [targets, selectors] = [second.targets.filter(isLeft), second.selectors.filter(isLeft)];
  return targets.length + selectors.length === 0 ? undefined : { ...second, targets, selectors };
}

/** A target as far as it could be read; what could not be read is wider rather than narrower. */
export interface InvalidPolicyTarget {
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

/** The kinds of policy that close what they target when they cannot be read: any of them may stop requests. */
export const GUARDING_KINDS = [
  'SecurityPolicy',
  'EnvoyExtensionPolicy',
  'BackendTrafficPolicy',
  'ClientTrafficPolicy',
  // What it targets would be spoken to in the clear.
  'BackendTLSPolicy',
] as const;

/** Reads the targets out of a policy as written; `undefined` for a document that is no policy. */
export function readInvalidPolicy(
  written: string,
  namespace: string,
  name: string,
  document: { readonly [field: string]: unknown },
): InvalidPolicy | undefined {
  const kind = GUARDING_KINDS.find((known) => known === written);
  if (kind === undefined) return undefined;
  const spec = isObject(document['spec']) ? document['spec'] : {};
  const refs = [spec['targetRef'], ...list(spec['targetRefs'])];
  return {
    kind,
    metadata: { namespace, name },
    targets: refs.flatMap(readTarget),
    selectors: list(spec['targetSelectors']).flatMap(readSelector),
  };
}

function readTarget(ref: unknown): InvalidPolicyTarget[] {
  if (!isObject(ref)) return [];
  const kind = text(ref['kind']) ?? text(ref['Kind']);
  const name = text(ref['name']) ?? text(ref['Name']);
  const sectionName = text(ref['sectionName']);
  if (kind === undefined || name === undefined) return [];
  return [{ kind, name, ...(sectionName === undefined ? {} : { sectionName }) }];
}

function readSelector(selector: unknown): TargetSelector[] {
  if (!isObject(selector)) return [];
  const kind = text(selector['kind']) ?? text(selector['Kind']);
  if (kind === undefined) return [];
  const { matchLabels, matchExpressions, namespaces } = selector;
  return [
    {
      group: 'gateway.networking.k8s.io',
      kind,
      ...(isObject(matchLabels) ? { matchLabels: texts(matchLabels) } : {}),
      matchExpressions: list(matchExpressions).flatMap(readRequirement),
      // What selects namespaces may be what cannot be read: a ReferenceGrant still has to let the policy in.
      ...(isObject(namespaces) && namespaces['from'] !== 'Same' ? { namespaces: { from: 'All' } as const } : {}),
    },
  ];
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

function readRequirement(requirement: unknown): LabelSelectorRequirement[] {
  if (!isObject(requirement)) return [];
  const key = text(requirement['key']);
  const operator = OPERATORS.find((known) => known === requirement['operator']);
  if (key === undefined || operator === undefined) return [];
  return [{ key, operator, values: list(requirement['values']).filter((value) => typeof value === 'string') }];
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(map: { readonly [key: string]: unknown }): { readonly [key: string]: string } {
  return Object.fromEntries(
    Object.entries(map).filter((entry): entry is [string, string] => text(entry[1]) !== undefined),
  );
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
