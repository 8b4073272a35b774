/**
 * A fast path for the YAML that manifests are mostly written in: block mappings and lists of one-line scalars, in ASCII.
 *
 * It gives exactly what the full parser gives, or undefined when it meets anything else (anchors, tags, flow collections, block scalars, escapes,
 * comments behind values, numbers that are no plain integers, duplicate keys, errors): that text is the full parser's. About eight times as fast.
 */
export function parsePlainYaml(text: string): object | undefined {
  if (!/^[\n\x20-\x7E]*$/u.test(text)) return undefined;
  try {
    return new Reader(text).document();
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

/** Thrown where the fast path ends; never leaves this file. */
const notPlain = new Error('not plain YAML');

const key = /^([A-Za-z_][\w./-]*):(?: +|$)/u;
const reservedKey = /^(?:true|false|null|__proto__)$/iu;
const integer = /^(?:0|[1-9][0-9]{0,14})$/u;
const otherNumber =
  /^[-+]?(?:0o[0-7]+|0x[0-9a-fA-F]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|nan))$/iu;
const plainStart = /^(?:[A-Za-z0-9_./+~]|-[^ -])/u;
const maxDepth = 64;

type Line = { readonly indent: number; readonly content: string };

class Reader {
  readonly #lines: Line[];
  #at = 0;

  constructor(text: string) {
    this.#lines = contentLines(text);
  }

  document(): object {
    if (this.#peek()?.indent === 0 && this.#peek()?.content === '---') this.#at += 1;
    const first = this.#peek();
    if (first === undefined) throw notPlain;
    const value = this.#block(first.indent, 0);
    if (this.#peek() !== undefined) throw notPlain;
    return value;
  }

  #peek(): Line | undefined {
    return this.#lines[this.#at];
  }

  #block(indent: number, depth: number): object {
    if (depth > maxDepth) throw notPlain;
    return isItem(this.#peek()) ? this.#list(indent, depth) : this.#mapping(indent, depth);
  }

  #mapping(indent: number, depth: number): object {
    const result: Record<string, unknown> = {};
    for (let line = this.#peek(); line !== undefined && line.indent >= indent; line = this.#peek()) {
      const [matched, name] = line.indent === indent ? (key.exec(line.content) ?? []) : [];
      if (matched === undefined || name === undefined || reservedKey.test(name) || name in result) throw notPlain;
      this.#at += 1;
      const rest = line.content.slice(matched.length);
      result[name] = rest === '' ? this.#below(indent, depth, true) : this.#scalar(rest, indent);
    }
    return result;
  }

  #list(indent: number, depth: number): object {
    const result: unknown[] = [];
    for (let line = this.#peek(); line !== undefined && line.indent >= indent; line = this.#peek()) {
      if (line.indent !== indent) throw notPlain;
      // A mapping goes on at the indentation of a list that is one of its values.
      if (!isItem(line)) break;
      result.push(this.#item(line, depth));
    }
    return result;
  }

  #item({ indent, content }: Line, depth: number): unknown {
    const rest = content.slice(1).trimStart();
    if (rest === '') {
      this.#at += 1;
      return this.#below(indent, depth, false);
    }
    const inner = { indent: indent + content.length - rest.length, content: rest };
    if (isItem(inner) || key.test(rest)) {
      this.#lines[this.#at] = inner;
      return this.#block(inner.indent, depth + 1);
    }
    this.#at += 1;
    return this.#scalar(rest, indent);
  }

  /** What is on the lines below a key or dash: a block, or nothing, which is null. */
  #below(indent: number, depth: number, isKey: boolean): unknown {
    const next = this.#peek();
    if (next !== undefined && next.indent > indent) return this.#block(next.indent, depth + 1);
    return isKey && next?.indent === indent && isItem(next) ? this.#list(indent, depth + 1) : null;
  }

  #scalar(text: string, indent: number): unknown {
    const next = this.#peek();
    if (next !== undefined && next.indent > indent) throw notPlain;
    return scalarOf(text);
  }
}

function contentLines(text: string): Line[] {
  const lines: Line[] = [];
  for (const whole of text.split('\n')) {
    const line = whole.trimEnd();
    const content = line.trimStart();
    if (content === '' || content.startsWith('#')) continue;
    const indent = line.length - content.length;
    if (
      indent === 0 &&
      (content.startsWith('...') || (content.startsWith('---') && (content !== '---' || lines.length > 0)))
    ) {
      throw notPlain;
    }
    lines.push({ indent, content });
  }
  return lines;
}

function isItem(line: Line | undefined): boolean {
  return line !== undefined && (line.content === '-' || line.content.startsWith('- '));
}

/** A one-line scalar in YAML's core schema (YAML 1.2.2, 10.3). */
function scalarOf(text: string): unknown {
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const content = text.slice(1, -1);
    if (text.length < 2 || !text.endsWith(quote) || content.includes(quote) || content.includes('\\')) throw notPlain;
    return content;
  }
  if (text === '{}') return {};
  if (text === '[]') return [];
  if (!plainStart.test(text) || text.includes(': ') || text.includes(' #') || text.endsWith(':')) throw notPlain;
  return plainScalar(text);
}

function plainScalar(text: string): unknown {
  switch (text) {
    case 'true':
    case 'True':
    case 'TRUE':
      return true;
    case 'false':
    case 'False':
    case 'FALSE':
      return false;
    case 'null':
    case 'Null':
    case 'NULL':
    case '~':
      return null;
    default:
      if (integer.test(text)) return Number(text);
      if (otherNumber.test(text)) throw notPlain;
      return text;
  }
}
