/** A Wasm module by the digest of its bytes: "sha256:" and 64 lower-case hexadecimal digits. */
export interface WasmModuleRef {
  readonly digest: string;
}
