import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileUserFilter, filterSource } from '../build/user-filter.ts';
import { type FilterHost, type FilterResult, loadFilter } from '../testing/filter-host.ts';

/** A filter of these sources, on the test host. */
async function filter(text: string): Promise<FilterHost> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  try {
    writeFileSync(join(folder, 'index.ts'), text);
    const source = filterSource(folder);
    if (source === undefined) throw new Error('the source is not where it was written');
    return await loadFilter(await compileUserFilter(source));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const REQUEST: readonly [string, string][] = [
  [':method', 'GET'],
  [':path', '/'],
  ['x-a', 'one'],
  ['x-a', 'two'],
  ['x-b', 'grüße'],
];

const configured = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The headers that a request goes on with, as lines. */
function headersOf(result: FilterResult): readonly string[] {
  if (result.kind !== 'continue') throw new Error(`it ended with ${result.kind}`);
  return result.headers.map(([name, value]) => `${name}: ${value}`);
}

describe('the SDK for filters of one’s own', () => {
  it('reads and writes headers', async () => {
    const host = await filter(`
      import { Action, begin, requestHeaders } from "sluice/wasm";
      export * from "sluice/wasm/abi";
      export function proxy_on_request_headers(_c: u32, _n: u32, _e: u32): u32 {
        begin();
        const a = requestHeaders.get("x-a");
        const b = requestHeaders.get("x-b");
        const c = requestHeaders.get("x-c");
        requestHeaders.set("x-seen", (a === null ? "-" : a) + "," + (b === null ? "-" : b) + "," + (c === null ? "-" : c));
        requestHeaders.add("x-b", "");
        requestHeaders.remove("x-a");
        return Action.Continue;
      }`);
    const lines = headersOf(host.request({ headers: REQUEST }));
    expect(lines).toEqual([':method: GET', ':path: /', 'x-b: grüße', 'x-seen: one,grüße,-', 'x-b: ']);
  });

  it('reads a configuration, answers, reads and writes properties, and logs', async () => {
    const host = await filter(`
      import { Action, begin, configFlag, configNumber, configText, configuration, logWarn, property, requestHeaders, respond, setProperty } from "sluice/wasm";
      export * from "sluice/wasm/abi";
      let words: string = "";
      let limit: f64 = 0;
      let closed: bool = false;
      export function proxy_on_configure(_c: u32, _n: u32): u32 {
        begin();
        if (configuration() == "nonsense") return 0;
        words = configText("words", "none");
        limit = configNumber("limit", 7);
        closed = configFlag("closed", false);
        logWarn("configured");
        return 1;
      }
      export function proxy_on_request_headers(_c: u32, _n: u32, _e: u32): u32 {
        begin();
        setProperty("mine", words);
        const route = property(["xds", "route_name"]);
        requestHeaders.set("x-said", words + "/" + limit.toString() + "/" + (route === null ? "-" : route));
        return closed ? respond(429, "later") : Action.Continue;
      }`);
    expect(host.configure(new TextEncoder().encode('nonsense'))).toBe(false);
    expect(host.configure(configured({ words: 'a "b" ü', limit: 2.5 }))).toBe(true);
    const properties = (path: readonly string[]) =>
      path.join('.') === 'xds.route_name' ? new TextEncoder().encode('r') : undefined;
    const lines = headersOf(host.request({ headers: REQUEST, properties }));
    expect(lines.at(-1)).toBe('x-said: a "b" ü/2.5/r');
    expect(host.filterState().get('mine')).toBe('a "b" ü');
    expect(host.logs.map(({ message }) => message)).toContain('configured');
    expect(host.configure(configured({ closed: true, words: 5 }))).toBe(true);
    expect(host.request({ headers: REQUEST })).toMatchObject({ kind: 'response', status: 429 });
  });

  it('makes no garbage that stays: memory is flat over many requests', async () => {
    const host = await filter(`
      import { Action, begin, requestHeaders } from "sluice/wasm";
      export * from "sluice/wasm/abi";
      export function proxy_on_request_headers(_c: u32, _n: u32, _e: u32): u32 {
        begin();
        let text = "";
        for (let i = 0; i < 50; i++) text += i.toString() + ",";
        requestHeaders.set("x-text", text);
        return Action.Continue;
      }`);
    for (let i = 0; i < 1_000; i += 1) host.request({ headers: REQUEST });
    const before = host.memoryBytes();
    for (let i = 0; i < 20_000; i += 1) host.request({ headers: REQUEST });
    expect(host.memoryBytes()).toBe(before);
  });

  it('is what its page says: the filter there compiles and does what is said of it', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../deploy/docs/filters.md'), 'utf8');
    const [, text = ''] = /```ts\n(.*?)```/su.exec(page) ?? [];
    const host = await filter(text);
    expect(host.configure(configured({ value: 'BAR' }))).toBe(true);
    expect(host.request({ headers: REQUEST }).kind).toBe('continue');
    expect(host.request({ headers: [...REQUEST, ['x-blocked', '1']] })).toMatchObject({
      kind: 'response',
      status: 403,
    });
  });

  it('traps where AssemblyScript throws, and says why', async () => {
    const host = await filter(`
      import { begin } from "sluice/wasm";
      export * from "sluice/wasm/abi";
      export function proxy_on_request_headers(_c: u32, _n: u32, _e: u32): u32 {
        begin();
        throw new Error("this is why");
      }`);
    expect(host.request({ headers: REQUEST }).kind).toBe('trap');
    expect(host.logs.map(({ message }) => message).join()).toMatch(/this is why/u);
  });
});
