import { alloc } from "./arena";

// What Envoy looks for in every filter. An entry file hands it on: export * from "sluice/wasm/abi".

/** Says for which version of the Proxy-Wasm ABI the module is made. */
export function proxy_abi_version_0_2_1(): void {}

/** Where the host puts what it hands over. */
export function proxy_on_memory_allocate(size: usize): usize {
  return alloc(size);
}
