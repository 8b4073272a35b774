/** Largest module that is stored, in bytes. */
export const MAX_MODULE_SIZE = 64 * 1024 * 1024;

/** Largest piece of a module in one message (`sluice.agent.v1.ModuleChunk.data`), in bytes. */
export const MAX_CHUNK_SIZE = 1024 * 1024;

const DIGEST = /^sha256:([0-9a-f]{64})$/;
const FILE = /^sha256-([0-9a-f]{64})\.wasm$/;
const PARTIAL = /^\.sha256-[0-9a-f]{64}\.[0-9a-f]{16}\.partial$/;

/** Gives "sha256-<hex>.wasm" for "sha256:<hex>", or `undefined` for what is no such digest. */
export function fileOf(digest: string): string | undefined {
  const hex = DIGEST.exec(digest)?.[1];
  return hex === undefined ? undefined : `sha256-${hex}.wasm`;
}

/** Gives "sha256:<hex>" for "sha256-<hex>.wasm", or `undefined` for a file that is no module's. */
export function digestOf(file: string): string | undefined {
  const hex = FILE.exec(file)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

/** Gives the name under which a module is written until it is verified; `random` is 16 hexadecimal digits. */
export function partialOf(file: string, random: string): string {
  return `.${file.replace(/\.wasm$/, '')}.${random}.partial`;
}

/** Says whether a file is one that was being written. */
export function isPartial(file: string): boolean {
  return PARTIAL.test(file);
}
