import { createHash } from 'node:crypto';
import { rm, type FileHandle } from 'node:fs/promises';

/** A module that is being written: its bytes are hashed as they come, so that it is never in memory as a whole. */
export class PartialModule {
  readonly digest: string;
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #size = 0;

  constructor(digest: string, path: string, handle: FileHandle) {
    this.digest = digest;
    this.path = path;
    this.#handle = handle;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  async write(data: Uint8Array): Promise<void> {
    this.#hash.update(data);
    this.#size += data.length;
    await this.#handle.writeFile(data);
  }

  /** Gives "sha256:<hex>" of what was written; nothing can be written after. */
  actualDigest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }

  /** Puts the bytes on disk, readable by the owner's group whatever the umask is. */
  async close(): Promise<void> {
    await this.#handle.chmod(0o640);
    await this.#handle.sync();
    await this.#handle.close();
  }

  /** Deletes what was written. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}
