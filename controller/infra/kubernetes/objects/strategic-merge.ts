import { isObject } from '#controller/api/compile.ts';

/** How a patch is merged (Envoy Gateway, `KubernetesPatchSpec.type`). */
export type PatchType = 'StrategicMerge' | 'JSONMerge';

/**
 * A patch merged into an object. JSONMerge is RFC 7396: `null` removes, lists are replaced. StrategicMerge is that of
 * Kubernetes: lists of objects with a key are merged entry by entry, `$patch: delete` and `$patch: replace` are obeyed, and
 * lists of words that Kubernetes treats as sets are united.
 */
export function mergePatch(target: unknown, patch: unknown, type: PatchType): unknown {
  return merge(target, patch, '', type);
}

/**
 * The key by which entries of a list are told apart (`x-kubernetes-patch-merge-key` in Kubernetes' OpenAPI), by the name of
 * the list: among what a proxy is made of, a name never means two things.
 */
const KEYS: { readonly [list: string]: readonly string[] } = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey'],
  ownerReferences: ['uid'],
  // A container's are told apart by `containerPort`, a Service's by `port`.
  ports: ['containerPort', 'port'],
  resourceClaims: ['name'],
  readinessGates: ['conditionType'],
};

/** Lists of words that are united. */
const SETS: ReadonlySet<string> = new Set(['finalizers']);

function merge(target: unknown, patch: unknown, field: string, type: PatchType): unknown {
  if (isObject(patch)) return mergeObject(isObject(target) ? target : {}, patch, type);
  if (type === 'StrategicMerge' && Array.isArray(patch) && Array.isArray(target)) {
    if (SETS.has(field)) return [...new Set([...target, ...patch])];
    const key = KEYS[field]?.find((candidate) => patch.some((entry) => isObject(entry) && candidate in entry));
    if (key !== undefined || patch.some(isDirective)) return mergeList(target, patch, key ?? '', type);
  }
  return patch;
}

function mergeObject(target: object, patch: object, type: PatchType): object {
  const strategic = type === 'StrategicMerge';
  const directive = strategic && '$patch' in patch ? patch.$patch : undefined;
  const merged = new Map<string, unknown>(directive === 'replace' ? [] : Object.entries(target));
  if (directive === 'delete') return {};
  for (const [field, value] of Object.entries(patch)) {
    if (strategic && field.startsWith('$')) continue;
    if (value === null) merged.delete(field);
    else merged.set(field, merge(merged.get(field), value, field, type));
  }
  return Object.fromEntries(merged);
}

/** Entries that only the patch has come first, as Kubernetes does it; the others stay where they are. */
function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  key: string,
  type: PatchType,
): readonly unknown[] {
  const keyOf = (entry: unknown): unknown => (isObject(entry) ? entry[key] : entry);
  if (patch.some((entry) => isDirective(entry) && entry['$patch'] === 'replace' && keyOf(entry) === undefined)) {
    return patch.filter((entry) => !isDirective(entry));
  }
  const gone = new Set(patch.flatMap((entry) => (isDeletion(entry) ? [keyOf(entry)] : [])));
  const changes = patch.filter((entry) => !isDeletion(entry));
  const known = new Set(target.map(keyOf));
  const merged = target
    .filter((entry) => !gone.has(keyOf(entry)))
    .map((entry) => {
      const own = changes.find((candidate) => keyOf(candidate) === keyOf(entry));
      return own === undefined ? entry : merge(entry, own, '', type);
    });
  return [...changes.filter((entry) => !known.has(keyOf(entry))), ...merged];
}

function isDirective(entry: unknown): entry is { readonly [field: string]: unknown } {
  return isObject(entry) && '$patch' in entry;
}

function isDeletion(entry: unknown): boolean {
  return isDirective(entry) && entry['$patch'] === 'delete';
}
