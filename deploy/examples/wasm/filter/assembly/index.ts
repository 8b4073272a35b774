import { Action, begin, configText, respond, requestHeaders, responseHeaders } from "sluice/wasm";

export * from "sluice/wasm/abi";

/** Header of the response, and what is in it; from `config` of the policy. */
let name: string = "";
let value: string = "";

export function proxy_on_configure(_context: u32, _size: u32): u32 {
  begin();
  name = configText("header", "x-wasm-custom");
  value = configText("value", "FOO");
  return 1;
}

export function proxy_on_request_headers(_context: u32, _headers: u32, _end: u32): u32 {
  begin();
  const agent = requestHeaders.get("user-agent");
  if (agent !== null && agent.startsWith("BadBot/")) return respond(403, "no robots\n");
  return Action.Continue;
}

export function proxy_on_response_headers(_context: u32, _headers: u32, _end: u32): u32 {
  begin();
  responseHeaders.set(name, value);
  return Action.Continue;
}
