import type { Alias } from 'yaml';
import { parsePlainYaml } from './parse-plain-yaml.ts';
import { yamlPackage } from './yaml-package.ts';

/** A place in a document: line and column count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** The value of one YAML document, or why it is none and where. */
export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly position: Position; readonly message: string };

/**
 * YAML 1.2 with merge keys; aliases may expand a document a hundredfold at most, which bounds a "billion laughs" bomb.
 * Differs from kubectl (YAML 1.1): `yes`, `on` and `0644` are text and decimal; where that matters the schema refuses them.
 */
const options = {
  merge: true,
  maxAliasCount: 100,
  prettyErrors: false,
  strict: true,
  uniqueKeys: true,
  logLevel: 'error',
} as const;

/** Nesting beyond this is refused; real manifests stay far below. */
const maxDepth = 200;

const tooDeep = `is nested more than ${maxDepth} levels deep`;

/** The most values a document may have, each repetition by an alias counted. */
const maxValues = 8_000_000;

/** Parses the text of one document; any text gives a result, none throws. An empty document is null. */
export function parseYaml(text: string): Parsed {
  const plain = parsePlainYaml(text);
  if (plain !== undefined) return { ok: true, value: plain };
  try {
    const value: unknown = yamlPackage().parse(text, options);
    const excess = excessOf(value, 0, { values: maxValues });
    return excess === undefined ? { ok: true, value } : failure(excess);
  } catch (error) {
    return explain(text, error);
  }
}

function explain(text: string, error: unknown): Parsed {
  if (error instanceof yamlPackage().YAMLParseError) {
    return {
      ok: false,
      position: positionOf(text, error.pos[0]),
      message: `invalid YAML: ${lowerFirst(error.message.split('\n')[0] ?? 'syntax error')}${tabHint(text, error.pos[0])}`,
    };
  }
  if (error instanceof RangeError) return failure(tooDeep);
  return error instanceof ReferenceError ? explainAlias(text) : failure('is no YAML');
}

/** An alias without its anchor, or too many of them. */
function explainAlias(text: string): Parsed {
  const { parseDocument, visit } = yamlPackage();
  const document = parseDocument(text, options);
  let lost: Alias | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      lost = alias;
      return visit.BREAK;
    },
  });
  if (lost === undefined) return failure('repeats its parts by more than 100 aliases');
  const written = JSON.stringify(`*${lost.source}`);
  const message = `invalid YAML: ${written} is an alias of an anchor that does not exist; text that begins with '*' needs quotes`;
  return { ok: false, position: positionOf(text, lost.range?.[0] ?? 0), message };
}

/** A tab is not to be seen, and is behind many an error that speaks of indentation. */
function tabHint(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1);
  return /^ *\t/u.test(line) ? ' (the line begins with a tab; YAML is indented with blanks)' : '';
}

function failure(message: string): Parsed {
  return { ok: false, position: { line: 1, column: 1 }, message: `the document ${message}` };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** What is too much of a value: its depth, or its values once aliases are expanded (a 16 MiB file without aliases has fewer). */
function excessOf(value: unknown, depth: number, left: { values: number }): string | undefined {
  left.values -= 1;
  if (left.values < 0) return `expands to more than ${maxValues} values`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > maxDepth) return tooDeep;
  for (const child of Object.values(value)) {
    const excess = excessOf(child, depth + 1, left);
    if (excess !== undefined) return excess;
  }
  return undefined;
}

/** The place of one value; see `locateAll`. */
export function locate(text: string, path: readonly (string | number)[]): Position {
  return locateAll(text, [path])[0] ?? { line: 1, column: 1 };
}

/**
 * The places of values in a document's text, one for each path: of the key for a field, of the item for a list; where the path leads nowhere
 * (a missing field), of the deepest part that exists.
 */
export function locateAll(text: string, paths: readonly (readonly (string | number)[])[]): readonly Position[] {
  const { LineCounter, parseDocument } = yamlPackage();
  const counter = new LineCounter();
  try {
    const { contents } = parseDocument(text, { ...options, lineCounter: counter });
    return paths.map((path) => {
      const { line, col } = counter.linePos(offsetOf(contents, path));
      return { line, column: Math.max(col, 1) };
    });
  } catch {
    return paths.map(() => ({ line: 1, column: 1 }));
  }
}

function offsetOf(root: unknown, path: readonly (string | number)[]): number {
  const { isMap, isScalar, isSeq } = yamlPackage();
  let node: unknown = root;
  let offset = startOf(root);
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === segment);
      if (pair === undefined) return offset;
      offset = startOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof segment === 'number' && segment < node.items.length) {
      node = node.items[segment];
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number {
  return yamlPackage().isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
