import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import { digestOf, fileOf, isPartial, partialOf } from './module-name.ts';
import { PartialModule } from './partial-module.ts';

/** A module on disk whose digest was verified. */
export interface StoredModule {
  /** "sha256:<hex>" */
  readonly digest: string;
  /** Absolute path. */
  readonly path: string;
}

/**
 * The folder of module files, `sha256-<hex>.wasm`: a file is there under its name only when it is whole and verified.
 * Files under other names are nobody's business here and stay.
 */
export class ModuleFolder {
  readonly #path: string;
  readonly #log: Logger;
  /** What a verified file was like when it was verified; one that is still so is not read again. */
  readonly #verified = new Map<string, string>();

  constructor(path: string, log: Logger) {
    this.#path = resolve(path);
    this.#log = log;
  }

  /** Gives the modules on disk. A file whose bytes are not those its name promises is deleted, and so is a partial one. */
  async verify(): Promise<readonly StoredModule[]> {
    await mkdir(this.#path, { recursive: true, mode: 0o750 });
    const modules: StoredModule[] = [];
    for (const file of (await readdir(this.#path)).sort()) {
      const digest = digestOf(file);
      if (isPartial(file)) await this.#delete(file, 'it was never completed');
      if (digest === undefined) continue;
      if (await this.#isWhole(file, digest)) modules.push({ digest, path: join(this.#path, file) });
      else await this.#delete(file, 'its bytes are not those of its digest');
    }
    return modules;
  }

  /** Begins to write a module; `undefined` when the digest is none. */
  async begin(digest: string): Promise<PartialModule | undefined> {
    const file = fileOf(digest);
    if (file === undefined) return undefined;
    await mkdir(this.#path, { recursive: true, mode: 0o750 });
    const path = join(this.#path, partialOf(file, randomBytes(8).toString('hex')));
    // The mode lets Envoy, of the same group, read.
    const handle = await open(path, 'wx', 0o640);
    return new PartialModule(digest, path, handle);
  }

  /** Gives a verified module its name; it is on disk, name and bytes, when this resolves. */
  async keep(partial: PartialModule): Promise<StoredModule> {
    const file = fileOf(partial.digest);
    if (file === undefined) throw new Error(`${partial.digest} is no digest`);
    const path = join(this.#path, file);
    await partial.close();
    await rename(partial.path, path);
    await this.#sync();
    this.#verified.set(file, likeness(await lstat(path)));
    return { digest: partial.digest, path };
  }

  /** Deletes every module but these. */
  async retain(digests: ReadonlySet<string>): Promise<void> {
    for (const file of await readdir(this.#path)) {
      const digest = digestOf(file);
      if (digest !== undefined && !digests.has(digest)) await this.#delete(file, 'it is not in use any more');
    }
  }

  async #isWhole(file: string, digest: string): Promise<boolean> {
    const path = join(this.#path, file);
    const stats = await lstat(path);
    if (!stats.isFile()) return false;
    if (this.#verified.get(file) === likeness(stats)) return true;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    if (`sha256:${hash.digest('hex')}` !== digest) return false;
    this.#verified.set(file, likeness(stats));
    return true;
  }

  async #delete(file: string, reason: string): Promise<void> {
    this.#verified.delete(file);
    await rm(join(this.#path, file), { force: true, recursive: true });
    this.#log.info({ file, reason }, 'module file deleted');
  }

  /** Puts the folder's own entries on disk: without it a rename may be lost with the power. */
  async #sync(): Promise<void> {
    const folder = await open(this.#path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

function likeness({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
