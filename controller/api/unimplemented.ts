import type { FieldPath } from './field-path.ts';
import { formatFieldPath } from './field-path.ts';
import type { Resource } from './gen/types.d.ts';
import { kindOf } from './registry.ts';
import type { Json, Schema } from './schema.ts';

/**
 * What a build implements of one kind, as paths in which `[]` stands for any list index and `{}` for any key of a map.
 *
 * A path covers all below it, up to a longer path that says otherwise: `!` before a path takes it out, `=value` after it speaks of one value.
 * `['spec.rules', '!spec.rules[].retry', '!spec.rules[].filters[].type=CORS']` is everything of the rules but retries and CORS filters.
 */
export type ImplementedPaths = readonly string[];

type Verdict = {
  implemented: boolean | undefined;
  readonly values: Map<string, boolean>;
  readonly children: Map<string, Verdict>;
};

const compiled = new WeakMap<ImplementedPaths, Verdict>();

/**
 * The fields of an object that the schema knows and the build does not implement: the outermost of each.
 *
 * A field that has just its default asks for nothing and is not listed. `apiVersion`, `kind`, `metadata` and `status` are always implemented.
 */
export function unimplemented(resource: Resource, implemented: ImplementedPaths): readonly FieldPath[] {
  const root = verdictsOf(implemented);
  const { schema } = kindOf(resource.kind);
  const found: FieldPath[] = [];
  for (const [field, value] of Object.entries(resource)) {
    if (['apiVersion', 'kind', 'metadata', 'status'].includes(field)) continue;
    walk(value, schema.properties[field], root.children.get(field), false, [field], found);
  }
  return found;
}

/** The words for such fields: `spec.rules[0].retry, spec.rules[1].retry`. */
export function formatUnimplemented(paths: readonly FieldPath[]): string {
  return paths.map(formatFieldPath).join(', ');
}

function verdictsOf(implemented: ImplementedPaths): Verdict {
  const known = compiled.get(implemented);
  if (known !== undefined) return known;
  const root = emptyVerdict();
  for (const pattern of implemented) addPattern(root, pattern);
  compiled.set(implemented, root);
  return root;
}

function addPattern(root: Verdict, pattern: string): void {
  const isTakenOut = pattern.startsWith('!');
  const [path = '', value] = (isTakenOut ? pattern.slice(1) : pattern).split('=', 2);
  let at = root;
  for (const segment of path.replaceAll('[]', '.[]').split('.')) {
    const next = at.children.get(segment) ?? emptyVerdict();
    at.children.set(segment, next);
    at = next;
  }
  if (value === undefined) at.implemented = !isTakenOut;
  else at.values.set(value, !isTakenOut);
}

function emptyVerdict(): Verdict {
  return { implemented: undefined, values: new Map(), children: new Map() };
}

function walk(
  value: unknown,
  schema: Schema | undefined,
  verdict: Verdict | undefined,
  inherited: boolean,
  path: FieldPath,
  found: FieldPath[],
): void {
  const own = verdict?.values.get(String(value)) ?? verdict?.implemented ?? inherited;
  const mayHaveBelow = own || hasImplemented(verdict);
  if (!mayHaveBelow) {
    if (!isDefault(value, schema)) found.push(path);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    if (!own && !isDefault(value, schema)) found.push(path);
    return;
  }
  // Nothing below is taken out: no need to look.
  if (own && verdict === undefined) return;
  for (const [key, child] of Object.entries(value)) {
    const index = Array.isArray(value) ? Number(key) : key;
    const segment = Array.isArray(value) ? '[]' : schema?.type === 'map' ? '{}' : key;
    walk(child, childSchema(schema, key), verdict?.children.get(segment), own, [...path, index], found);
  }
}

function hasImplemented(verdict: Verdict | undefined): boolean {
  if (verdict === undefined) return false;
  if (verdict.implemented === true || [...verdict.values.values()].includes(true)) return true;
  return [...verdict.children.values()].some(hasImplemented);
}

function childSchema(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.type === 'object') return schema.properties[key];
  if (schema?.type === 'array') return schema.items;
  return schema?.type === 'map' ? schema.values : undefined;
}

function isDefault(value: unknown, schema: Schema | undefined): boolean {
  return schema?.default !== undefined && includes(value, schema.default);
}

/** Whether a value is a default, filled in: further fields of it are defaults of their own. */
function includes(value: unknown, expected: Json): boolean {
  if (typeof expected !== 'object' || expected === null) return value === expected;
  if (typeof value !== 'object' || value === null) return false;
  const found = new Map(Object.entries(value));
  const wanted = Object.entries(expected);
  return found.size >= wanted.length && wanted.every(([key, item]) => includes(found.get(key), item));
}
