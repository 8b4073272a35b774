import { noteContext } from "./root";

// What Envoy calls in each of our own modules. An entry file hands it on: export * from "../../sdk/assembly/entry".

export * from "./abi";

export function proxy_on_vm_start(_root: u32, _size: u32): u32 {
  return 1;
}

export function proxy_on_context_create(context: u32, root: u32): void {
  noteContext(context, root);
}
