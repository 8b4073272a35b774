// Which plugin a request belongs to: several may share a VM, each with a configuration of its own.

let context: u32 = 0;
let root: u32 = 0;

/** Notes the plugin of a request that begins. First in `proxy_on_context_create`. */
export function noteContext(created: u32, ofRoot: u32): void {
  context = created;
  root = ofRoot;
}

/** The plugin of a request that has just begun: Envoy makes a request's context right before it hands over its headers. */
export function rootOf(request: u32): u32 {
  return request == context ? root : 0;
}
