import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A Wasm module, verified. */
export interface LibraryModule {
  /** "sha256:" and 64 lower-case hexadecimal digits, over `bytes`. */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Files that nobody has asked for in so long are of modules that nobody wants any more. Milliseconds. */
const OLDEST = 7 * 86_400_000;
/** Most bytes of modules that are kept in memory because the disk does not take them. */
const MOST_IN_MEMORY = 256 * 1024 * 1024;

const FILE = /^[0-9a-f]{64}\.wasm$/u;

/**
 * The modules that the controller has, by digest: in a folder, so that a controller that starts again has them, or in memory
 * while the folder cannot be written. Who may use which of them is not its business: it gives a module to whoever knows its
 * digest, and who knows it has fetched it.
 */
export class ModuleLibrary {
  readonly #folder: string;
  readonly #failed: (error: unknown) => void;
  readonly #memory = new Map<string, Uint8Array>();
  readonly #fixed = new Map<string, Uint8Array>();

  /** `failed` is told why the folder cannot be used. */
  constructor(folder: string, failed: (error: unknown) => void) {
    this.#folder = folder;
    this.#failed = failed;
    this.#tidy();
  }

  /** Adds a module that stays, and is not written anywhere: one that we bring ourselves. */
  add({ digest, bytes }: LibraryModule): void {
    this.#fixed.set(digest, bytes);
  }

  /** Whether there is a module of this digest. */
  has(digest: string): boolean {
    if (this.#fixed.has(digest) || this.#memory.has(digest)) return true;
    const file = this.#file(digest);
    if (file === undefined || !existsSync(file)) return false;
    this.#touch(file);
    return true;
  }

  /** The module of a digest, its bytes verified; `undefined` when there is none. One that is damaged is deleted. */
  async read(digest: string): Promise<LibraryModule | undefined> {
    const known = this.#fixed.get(digest) ?? this.#memory.get(digest);
    if (known !== undefined) return { digest, bytes: known };
    const file = this.#file(digest);
    if (file === undefined) return undefined;
    const bytes = await readFile(file).catch(() => undefined);
    if (bytes === undefined) return undefined;
    if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` === digest) {
      this.#touch(file);
      return { digest, bytes: new Uint8Array(bytes) };
    }
    await rm(file, { force: true });
    return undefined;
  }

  /** Keeps a module. That it cannot be written is told, and nothing else: it is kept in memory then. */
  async keep({ digest, bytes }: LibraryModule): Promise<void> {
    const file = this.#file(digest);
    if (file === undefined) throw new Error(`${digest} is no digest`);
    if (this.has(digest)) return;
    try {
      await writeWhole(file, bytes);
      this.#tidy();
    } catch (error) {
      this.#failed(error);
      this.#remember(digest, bytes);
    }
  }

  #remember(digest: string, bytes: Uint8Array): void {
    this.#memory.set(digest, bytes);
    let total = this.#memory.values().reduce((sum, { length }) => sum + length, 0);
    for (const [oldest, { length }] of this.#memory) {
      if (total <= MOST_IN_MEMORY) return;
      this.#memory.delete(oldest);
      total -= length;
    }
  }

  #file(digest: string): string | undefined {
    const [, hex] = /^sha256:([0-9a-f]{64})$/u.exec(digest) ?? [];
    return hex === undefined ? undefined : join(this.#folder, `${hex}.wasm`);
  }

  #touch(file: string): void {
    try {
      const now = new Date();
      utimesSync(file, now, now);
    } catch {
      // It is gone, or not ours: whoever reads it finds out.
    }
  }

  #tidy(): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const name of readdirSync(this.#folder)) {
        const file = join(this.#folder, name);
        const age = Date.now() - statSync(file).mtimeMs;
        // What was being written an hour ago never will be whole.
        if (age > (FILE.test(name) ? OLDEST : 3_600_000)) rmSync(file, { force: true });
      }
    } catch (error) {
      this.#failed(error);
    }
  }
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${randomUUID()}.new`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
