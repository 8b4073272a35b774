/** What we use of the WebAssembly JavaScript API (W3C); neither `lib: esnext` nor `@types/node` declares it. */
declare namespace WebAssembly {
  interface Descriptor {
    readonly name: string;
    readonly kind: 'function' | 'table' | 'memory' | 'global' | 'tag';
  }
  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): readonly (Descriptor & { readonly module: string })[];
    static exports(module: Module): readonly Descriptor[];
  }
  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    constructor(descriptor: { readonly initial: number });
    readonly buffer: ArrayBuffer;
  }
  class RuntimeError extends Error {}
}
