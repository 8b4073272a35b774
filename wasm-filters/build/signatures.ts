/** Types of a function's parameters and results, a letter each (`i`: i32, `I`: i64, `f`: f32, `F`: f64, `?`: any other), as "iii:i". */
export type Signature = string;

const TYPE_SECTION = 1;
const IMPORT_SECTION = 2;
const FUNCTION_SECTION = 3;
const EXPORT_SECTION = 7;
const FUNCTION = 0;
const LETTERS: ReadonlyMap<number, string> = new Map([
  [0x7f, 'i'],
  [0x7e, 'I'],
  [0x7d, 'f'],
  [0x7c, 'F'],
]);

/**
 * Reads the signatures of the functions that a module exports (WebAssembly Core Specification, "Binary Format"). The module is
 * one that the compiler of this process made, or that WebAssembly has taken: it is not damaged.
 */
export function exportedFunctions(wasm: Uint8Array): ReadonlyMap<string, Signature> {
  const sections = readSections(wasm);
  const types = list(sections.get(TYPE_SECTION), (reader) => {
    reader.number();
    const parameters = list(reader, readType).join('');
    return `${parameters}:${list(reader, readType).join('')}`;
  });
  const imported = list(sections.get(IMPORT_SECTION), readImport).filter((type) => type !== undefined);
  const own = list(sections.get(FUNCTION_SECTION), (reader) => reader.number());
  const functions = [...imported, ...own];
  const exports = list(sections.get(EXPORT_SECTION), (reader) => {
    const name = reader.name();
    return { name, kind: reader.number(), index: reader.number() };
  });
  return new Map(
    exports.flatMap(({ name, kind, index }) => {
      const signature = types[functions[index] ?? -1];
      return kind === FUNCTION && signature !== undefined ? [[name, signature]] : [];
    }),
  );
}

/** Shows a signature to people: "(i32, i32): i32". */
export function formatSignature(signature: Signature): string {
  const [parameters = '', results = ''] = signature
    .split(':')
    .map((letters) => Array.from(letters, typeName).join(', '));
  return `(${parameters}): ${results === '' ? 'void' : results}`;
}

function typeName(one: string): string {
  switch (one) {
    case 'i':
      return 'u32';
    case 'I':
      return 'u64';
    case 'f':
      return 'f32';
    case 'F':
      return 'f64';
    default:
      return '?';
  }
}

function readSections(wasm: Uint8Array): ReadonlyMap<number, Reader> {
  const reader = new Reader(wasm.subarray(8));
  const sections = new Map<number, Reader>();
  while (!reader.atEnd) sections.set(reader.number(), reader.part(reader.number()));
  return sections;
}

/** Gives the type of a function that is imported. */
function readImport(reader: Reader): number | undefined {
  reader.name();
  reader.name();
  switch (reader.number()) {
    case FUNCTION:
      return reader.number();
    case 1: // a table
      reader.number();
      reader.limits();
      return undefined;
    case 2: // a memory
      reader.limits();
      return undefined;
    default: // a global, a tag
      reader.number();
      reader.number();
      return undefined;
  }
}

function readType(reader: Reader): string {
  return LETTERS.get(reader.number()) ?? '?';
}

function list<T>(reader: Reader | undefined, read: (reader: Reader) => T): readonly T[] {
  return reader === undefined ? [] : Array.from({ length: reader.number() }, () => read(reader));
}

/** Reads on from where it is. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** An unsigned number of at most 32 bits, LEB128. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#at] ?? 0;
      this.#at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  }

  part(size: number): Reader {
    const part = new Reader(this.#bytes.subarray(this.#at, this.#at + size));
    this.#at += size;
    return part;
  }

  name(): string {
    const size = this.number();
    const name = new TextDecoder().decode(this.#bytes.subarray(this.#at, this.#at + size));
    this.#at += size;
    return name;
  }

  /** Limits of a table or a memory: with or without a largest size. */
  limits(): void {
    const flags = this.number();
    this.number();
    if ((flags & 1) !== 0) this.number();
  }
}
