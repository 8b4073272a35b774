import { isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { isPolicyReference } from './policy-reference.ts';

/** A place in a file; line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One entry of `processors.yaml`. */
export interface ProcessorEntry {
  /** "<namespace>/<name>" or "<namespace>/<name>/<index>"; `undefined` in the entry that is the default. */
  readonly policy: string | undefined;
  /** Path of the module, relative to the file. */
  readonly module: string;
  /** Where the module is named. */
  readonly position: Position;
}

/** What is wrong in a file, and where. */
export interface ConfigFault {
  readonly position: Position;
  readonly message: string;
}

/** A configuration, or everything that is wrong with it. */
export type ParsedConfig =
  | { readonly kind: 'valid'; readonly entries: readonly ProcessorEntry[] }
  | { readonly kind: 'invalid'; readonly faults: readonly ConfigFault[] };

/** Gives a fault as "file:line:column: message", which editors and terminals can follow. */
export function formatFault(file: string, { position, message }: ConfigFault): string {
  return `${formatPlace(file, position)}: ${message}`;
}

/** Gives a place as "file:line:column", or the whole file as its path. */
export function formatPlace(file: string, position: Position | undefined): string {
  return position === undefined ? file : `${file}:${position.line}:${position.column}`;
}

/**
 * Parses the text of `processors.yaml`: `processors`, a list of entries with `module` and, save for one, `policy`.
 *
 * An unknown key, a policy that comes twice, and a second entry without a policy are faults.
 */
export function parseConfig(text: string): ParsedConfig {
  const parser = new ConfigParser(text);
  const entries = parser.parse();
  return parser.faults.length > 0 ? { kind: 'invalid', faults: parser.faults } : { kind: 'valid', entries };
}

class ConfigParser {
  readonly faults: ConfigFault[] = [];
  readonly #text: string;
  readonly #lines = new LineCounter();
  /** Where each policy is first named; the empty string stands for the default. */
  readonly #seen = new Map<string, Position>();

  constructor(text: string) {
    this.#text = text;
  }

  parse(): readonly ProcessorEntry[] {
    const document = parseDocument(this.#text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    for (const { message, pos } of [...document.errors, ...document.warnings]) {
      this.faults.push({ position: this.#at(pos[0]), message });
    }
    if (this.faults.length > 0) return [];
    const root = this.#map(document.contents, 'the file', ['processors']);
    const list = root?.get('processors');
    if (root !== undefined && list === undefined) this.#fault(document.contents, 'processors is missing');
    if (list === undefined) return [];
    if (!isSeq(list.value)) {
      this.#fault(list.value ?? list.key, 'processors is no list');
      return [];
    }
    return list.value.items.flatMap((item) => this.#entry(item) ?? []);
  }

  #entry(item: unknown): ProcessorEntry | undefined {
    const fields = this.#map(item, 'an entry of processors', ['policy', 'module']);
    if (fields === undefined) return undefined;
    const module = this.#string(fields.get('module'), 'module');
    const policy = this.#string(fields.get('policy'), 'policy');
    if (!fields.has('module')) this.#fault(item, 'module is missing');
    if (fields.has('policy') && policy !== undefined && !isPolicyReference(policy.text)) {
      const message = `policy is ${JSON.stringify(policy.text)}; accepted is <namespace>/<name> or <namespace>/<name>/<index>`;
      this.faults.push({ position: policy.position, message });
    }
    const position = policy?.position ?? this.#position(item);
    if (!fields.has('policy') || policy !== undefined) this.#once(policy?.text, position);
    return module === undefined ? undefined : { policy: policy?.text, module: module.text, position: module.position };
  }

  #once(policy: string | undefined, position: Position): void {
    const first = this.#seen.get(policy ?? '');
    if (first === undefined) {
      this.#seen.set(policy ?? '', position);
      return;
    }
    const what =
      policy === undefined
        ? 'a second entry without a policy; only one is the default'
        : `policy ${policy} comes twice`;
    this.faults.push({ position, message: `${what} (first at ${first.line}:${first.column})` });
  }

  #map(node: unknown, what: string, accepted: readonly string[]): Map<string, Pair> | undefined {
    if (!isMap(node)) {
      this.#fault(node, `${what} is no map with ${accepted.join(' and ')}`);
      return undefined;
    }
    const fields = new Map<string, Pair>();
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (accepted.includes(key)) fields.set(key, pair);
      else this.#fault(pair.key, `unknown key ${JSON.stringify(key)} in ${what}; accepted are ${accepted.join(', ')}`);
    }
    return fields;
  }

  #string(pair: Pair | undefined, what: string): { text: string; position: Position } | undefined {
    if (pair === undefined) return undefined;
    const { key, value } = pair;
    if (isScalar(value) && typeof value.value === 'string' && value.value !== '') {
      return { text: value.value, position: this.#position(value) };
    }
    this.#fault(value ?? key, `${what} is no text, or empty`);
    return undefined;
  }

  #fault(node: unknown, message: string): void {
    this.faults.push({ position: this.#position(node), message });
  }

  #position(node: unknown): Position {
    return this.#at(hasRange(node) ? node.range[0] : 0);
  }

  #at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function hasRange(node: unknown): node is { readonly range: NonNullable<Node['range']> } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
