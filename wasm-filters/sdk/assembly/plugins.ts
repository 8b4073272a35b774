import { log, LogLevel } from "./host";

/** The plugins in this VM, by their root contexts: each has a configuration of its own, a `C`, which has `read` and `free`. */
@final
export class Plugins<C> {
  private configurations: Map<u32, C> = new Map<u32, C>();

  /** `refused` is what the log says of a configuration that cannot be read. */
  constructor(private refused: string) {}

  /** Has a plugin take its configuration (1), or refuses it (0): Envoy keeps what it has. In `proxy_on_configure`. */
  configure(root: u32, size: u32, made: C): u32 {
    if (!made.read(size)) {
      log(LogLevel.error, this.refused);
      made.free();
      return 0;
    }
    this.drop(root);
    this.configurations.set(root, made);
    __collect();
    return 1;
  }

  has(root: u32): bool {
    return this.configurations.has(root);
  }

  /** The configuration of a plugin that is there. */
  get(root: u32): C {
    return this.configurations.get(root);
  }

  /** Forgets a plugin that ends; nothing where it is none. In `proxy_on_delete`. */
  drop(root: u32): void {
    if (!this.configurations.has(root)) return;
    this.configurations.get(root).free();
    this.configurations.delete(root);
  }
}
