import type { ModuleFolder, StoredModule } from './module-folder.ts';
import { fileOf, MAX_CHUNK_SIZE, MAX_MODULE_SIZE } from './module-name.ts';
import type { PartialModule } from './partial-module.ts';

/** A piece of a module (sluice.agent.v1.ModuleChunk). */
export interface ModuleChunk {
  readonly digest: string;
  /** Of the whole module, in bytes. */
  readonly size: bigint;
  readonly data: Uint8Array;
}

/** What became of a module. */
export type ModuleOutcome =
  | ({ readonly kind: 'stored' } & StoredModule)
  | { readonly kind: 'rejected'; readonly digest: string; readonly reason: string };

type Transfer =
  | { readonly kind: 'writing'; readonly digest: string; readonly size: bigint; readonly partial: PartialModule }
  /** Rejected already; what is left of it is let pass. */
  | { readonly kind: 'passing'; readonly digest: string; readonly size: bigint; passed: bigint };

/**
 * Puts the pieces of modules together, on disk, and stores those whose size and digest are what was said.
 *
 * One module at a time, as the contract has it: a piece of another ends the one before, rejected.
 */
export class ModuleReceiver {
  readonly #folder: ModuleFolder;
  #transfer: Transfer | undefined;

  constructor(folder: ModuleFolder) {
    this.#folder = folder;
  }

  /** Takes the next piece; gives what became of a module with it, if anything did. */
  async take(chunk: ModuleChunk): Promise<readonly ModuleOutcome[]> {
    const outcomes: ModuleOutcome[] = [];
    if (this.#transfer !== undefined && this.#transfer.digest !== chunk.digest) {
      const interrupted = this.#transfer;
      await this.abandon();
      if (interrupted.kind === 'writing') {
        const reason = `interrupted by a piece of another module after ${interrupted.partial.size} of ${interrupted.size} bytes`;
        outcomes.push({ kind: 'rejected', digest: interrupted.digest, reason });
      }
    }
    const outcome = await this.#advance(chunk);
    return outcome === undefined ? outcomes : [...outcomes, outcome];
  }

  /** Forgets the module that is under way: the connection is gone. */
  async abandon(): Promise<void> {
    const transfer = this.#transfer;
    this.#transfer = undefined;
    if (transfer?.kind === 'writing') await transfer.partial.discard();
  }

  async #advance(chunk: ModuleChunk): Promise<ModuleOutcome | undefined> {
    const reason = refusal(chunk, this.#transfer);
    if (reason !== undefined) return this.#reject(chunk, reason);
    try {
      return await this.#write(chunk);
    } catch (error) {
      // A full disk, a folder that is not ours: the other modules may still do.
      return this.#reject(chunk, `cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #write(chunk: ModuleChunk): Promise<ModuleOutcome | undefined> {
    if (this.#transfer?.kind === 'passing') {
      this.#pass(this.#transfer, chunk);
      return undefined;
    }
    if (this.#transfer === undefined) {
      const partial = await this.#folder.begin(chunk.digest);
      if (partial === undefined) return this.#reject(chunk, NO_DIGEST);
      this.#transfer = { kind: 'writing', digest: chunk.digest, size: chunk.size, partial };
    }
    const { partial, size } = this.#transfer;
    await partial.write(chunk.data);
    if (BigInt(partial.size) < size) return undefined;
    const actual = partial.actualDigest();
    if (actual !== chunk.digest) {
      await this.abandon();
      return { kind: 'rejected', digest: chunk.digest, reason: `the bytes have digest ${actual}` };
    }
    const stored = await this.#folder.keep(partial);
    this.#transfer = undefined;
    return { kind: 'stored', ...stored };
  }

  /** Rejects the module a piece belongs to, and lets what is left of it pass. */
  async #reject(chunk: ModuleChunk, reason: string): Promise<ModuleOutcome> {
    const before = this.#transfer?.kind === 'writing' ? BigInt(this.#transfer.partial.size) : 0n;
    const size = this.#transfer?.size ?? chunk.size;
    await this.abandon();
    const passing: Transfer = { kind: 'passing', digest: chunk.digest, size, passed: before };
    this.#transfer = passing;
    this.#pass(passing, chunk);
    return { kind: 'rejected', digest: chunk.digest, reason };
  }

  #pass(transfer: Transfer & { kind: 'passing' }, { data }: ModuleChunk): void {
    transfer.passed += BigInt(data.length);
    if (transfer.passed >= transfer.size) this.#transfer = undefined;
  }
}

const NO_DIGEST = 'the digest is not "sha256:" and 64 lower-case hexadecimal digits';

/** Says why a piece cannot be taken, or `undefined` when it can. */
function refusal({ digest, size, data }: ModuleChunk, transfer: Transfer | undefined): string | undefined {
  if (transfer?.kind === 'passing') return undefined;
  if (fileOf(digest) === undefined) return NO_DIGEST;
  if (size === 0n) return 'the size is 0';
  if (size > BigInt(MAX_MODULE_SIZE)) return `the size is ${size} bytes; accepted are ${MAX_MODULE_SIZE}`;
  if (data.length > MAX_CHUNK_SIZE) return `a piece has ${data.length} bytes; accepted are ${MAX_CHUNK_SIZE}`;
  if (transfer !== undefined && transfer.size !== size) {
    return `the size is ${size} bytes in one piece and ${transfer.size} in another`;
  }
  const received = BigInt((transfer?.partial.size ?? 0) + data.length);
  return received > size ? `the pieces have more than the ${size} bytes announced` : undefined;
}
