/** A filter as a user writes it, in as many versions as a test needs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileUserFilter, filterSource } from '#wasm-filters/build/user-filter.ts';

/**
 * Adds "<version>:<config.value>" to the header `x-wasm` of requests and responses, traps for the header `x-trap`, and refuses
 * a configuration with `refuse`.
 */
const SOURCE = `
import { Action, begin, configFlag, configText, requestHeaders, responseHeaders } from "sluice/wasm";
export * from "sluice/wasm/abi";

const VERSION: string = "v00";
let value: string = "";

export function proxy_on_configure(_context: u32, _size: u32): u32 {
  begin();
  value = configText("value", "");
  return configFlag("refuse", false) ? 0 : 1;
}

export function proxy_on_request_headers(_context: u32, _headers: u32, _end: u32): u32 {
  begin();
  if (requestHeaders.get("x-trap") !== null) unreachable();
  requestHeaders.add("x-wasm", VERSION + ":" + value);
  return Action.Continue;
}

export function proxy_on_response_headers(_context: u32, _headers: u32, _end: u32): u32 {
  begin();
  responseHeaders.add("x-wasm", VERSION + ":" + value);
  return Action.Continue;
}
`;

let compiling: Promise<Uint8Array> | undefined;

/** The module in a version: "v00" to "v99". */
export async function userFilter(version: string): Promise<Uint8Array> {
  compiling ??= compiledFilter(SOURCE);
  const bytes = Buffer.from(await compiling);
  const at = bytes.indexOf(Buffer.from('v00', 'utf16le'));
  bytes.write(version, at, 'utf16le');
  return new Uint8Array(bytes);
}

/** The module of a filter, from its source. */
export async function compiledFilter(text: string): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  try {
    writeFileSync(join(folder, 'index.ts'), text);
    const source = filterSource(folder);
    if (source === undefined) throw new Error('the source is not where it was written');
    return await compileUserFilter(source);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
