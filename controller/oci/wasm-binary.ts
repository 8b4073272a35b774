import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { LIMITS } from './limits.ts';

/** What a module says of itself, as far as Envoy cares. */
export interface WasmBinary {
  /** "<module>.<name>", of every import. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** Version of the Proxy-Wasm ABI it is written for: "0.1.0", "0.2.0", "0.2.1"; `undefined` when it is for none of them. */
  readonly abi: string | undefined;
}

const IMPORT_SECTION = 2;
const EXPORT_SECTION = 7;
/** Names beyond this count are not read. */
const MOST_NAMES = 10_000;

/**
 * Reads the imports and exports of a WebAssembly module (WebAssembly Core Specification, "Binary Format") without compiling
 * it: whoever made it decides what compiling costs. Total: bytes that are none give a refusal.
 */
export function readWasm(bytes: Uint8Array): Outcome<WasmBinary, 'Malformed'> {
  if (bytes.length > LIMITS.module) {
    return refusal('Malformed', `a module of ${bytes.length} bytes; at most ${LIMITS.module} are accepted`);
  }
  const [m0, m1, m2, m3, version, ...rest] = bytes.subarray(0, 8);
  if (m0 !== 0 || m1 !== 0x61 || m2 !== 0x73 || m3 !== 0x6d) {
    return refusal('Malformed', 'the bytes are no WebAssembly: they do not begin with "\\0asm"');
  }
  if (version !== 1 || rest.length !== 3 || rest.some((byte) => byte !== 0)) {
    return refusal('Malformed', 'the bytes are no WebAssembly module of version 1 (a component is none)');
  }
  const sections = readSections(bytes);
  if (sections === undefined) return refusal('Malformed', 'the sections of the module are damaged');
  const imports = sections.imports === undefined ? [] : readImports(sections.imports);
  const exports = sections.exports === undefined ? [] : readExports(sections.exports);
  if (imports === undefined || exports === undefined) {
    return refusal('Malformed', 'the imports or exports of the module are damaged');
  }
  return success({ imports, exports, abi: abiOf(exports) });
}

function abiOf(exports: readonly string[]): string | undefined {
  const versions = exports.flatMap((name) => /^proxy_abi_version_(\d+_\d+_\d+)$/u.exec(name)?.[1] ?? []);
  return versions.map((version) => version.replaceAll('_', '.')).find((version) => ABIS.includes(version));
}

/** What Envoy 1.40 loads. */
const ABIS: readonly string[] = ['0.1.0', '0.2.0', '0.2.1'];

interface Sections {
  readonly imports?: Cursor;
  readonly exports?: Cursor;
}

function readSections(bytes: Uint8Array): Sections | undefined {
  const cursor = new Cursor(bytes.subarray(8));
  let found: Sections = {};
  while (!cursor.atEnd) {
    const id = cursor.byte();
    const section = cursor.part(cursor.number());
    if (section === undefined) return undefined;
    if (id === IMPORT_SECTION) found = { ...found, imports: section };
    if (id === EXPORT_SECTION) found = { ...found, exports: section };
  }
  return found;
}

function readImports(cursor: Cursor): readonly string[] | undefined {
  const count = cursor.number();
  if (count > MOST_NAMES) return undefined;
  const names: string[] = [];
  for (let i = 0; i < count; i += 1) {
    names.push(`${cursor.name()}.${cursor.name()}`);
    switch (cursor.byte()) {
      case 0: // a function: the index of its type
        cursor.number();
        break;
      case 1: // a table: the type of its elements, and its limits
        cursor.byte();
        cursor.limits();
        break;
      case 2: // a memory
        cursor.limits();
        break;
      case 3: // a global: its type, and whether it changes
        cursor.byte();
        cursor.byte();
        break;
      case 4: // a tag
        cursor.byte();
        cursor.number();
        break;
      default:
        return undefined;
    }
    if (!cursor.ok) return undefined;
  }
  return names;
}

function readExports(cursor: Cursor): readonly string[] | undefined {
  const count = cursor.number();
  if (count > MOST_NAMES) return undefined;
  const names: string[] = [];
  for (let i = 0; i < count; i += 1) {
    names.push(cursor.name());
    cursor.byte();
    cursor.number();
    if (!cursor.ok) return undefined;
  }
  return names;
}

/** Reads on from where it is; past the end everything is zero and `ok` is false. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;
  ok = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return !this.ok || this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    if (byte === undefined) this.ok = false;
    return byte ?? 0;
  }

  /** An unsigned number of at most 32 bits, LEB128. */
  number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    this.ok = false;
    return 0;
  }

  /** The next bytes, to be read on their own; `undefined` when there are not that many. */
  part(size: number): Cursor | undefined {
    const end = this.#at + size;
    if (!this.ok || end > this.#bytes.length) return undefined;
    const part = new Cursor(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return part;
  }

  name(): string {
    const size = this.number();
    const end = this.#at + size;
    if (end > this.#bytes.length) {
      this.ok = false;
      return '';
    }
    const name = Buffer.from(this.#bytes.subarray(this.#at, end)).toString('utf8');
    this.#at = end;
    return name;
  }

  /** Limits of a table or a memory: with or without a largest size. */
  limits(): void {
    const flags = this.byte();
    this.number();
    if ((flags & 1) !== 0) this.number();
  }
}
