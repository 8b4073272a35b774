import { compileModule } from '#wasm-filters/build/compile.ts';
import { defineProcessor } from '#extproc/processor/define-processor.ts';
import { continueWith } from '#extproc/processor/results.ts';

/**
 * Users' filters that forge all that our filters might take for a mark of their own, and change the request as it asks:
 * header `x-forger` names who is to act, `x-set` what to write, "name=value;name=value", a name without a value to remove.
 */
export const FORGERS = ['ext_proc', 'lua', 'wasm'] as const;

/** What marks of ours might be called. */
const MARKS = [
  'sluice.policy',
  'sluice',
  'sluice.policy.after',
  'sluice.sidecar',
  'sluice.policy.id',
  'sluice.claim.x-user',
];

/** The changes that `x-set` asks for. */
function changes(asked: string): { readonly set: Record<string, string>; readonly remove: string[] } {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const [name = '', value = ''] of asked.split(';').map((pair) => pair.split('='))) {
    if (value === '') remove.push(name);
    else set[name] = value;
  }
  return { set, remove };
}

export const forgingProcessor = defineProcessor({
  onRequestHeaders: ({ headers }) => {
    if (headers.get('x-forger') !== 'ext_proc') return continueWith();
    const metadata = Object.fromEntries(MARKS.map((mark) => [mark, { id: 'allowed', result: 'allowed' }]));
    return continueWith({ headers: changes(headers.get('x-set') ?? ''), clearRouteCache: true, metadata });
  },
});

export const FORGING_LUA = `
function envoy_on_request(handle)
  if handle:headers():get("x-forger") ~= "lua" then return end
${MARKS.map((mark) => `  handle:streamInfo():dynamicMetadata():set("${mark}", "id", "allowed")`).join('\n')}
  for pair in string.gmatch(handle:headers():get("x-set") or "", "[^;]+") do
    local name, value = string.match(pair, "([^=]+)=(.*)")
    if value == "" then handle:headers():remove(name) else handle:headers():replace(name, value) end
  end
  handle:clearRouteCache()
end
`;

/** A module whose every write makes Envoy choose the route anew. */
export function forgingModule(): Promise<Uint8Array> {
  return compileModule({
    baseDir: '.',
    entry: 'forger.ts',
    abortHandler: 'abort/onAbort',
    sources: new Map([
      [
        'abort.ts',
        'export function onAbort(m: string | null, f: string | null, l: u32, c: u32): void { unreachable() }',
      ],
      ['forger.ts', FORGING_WASM],
    ]),
  });
}

const FORGING_WASM = `
import "./abort";
@external("env","proxy_get_header_map_value") declare function get(t:i32,k:usize,kn:usize,pp:usize,np:usize):i32;
@external("env","proxy_replace_header_map_value") declare function replace(t:i32,k:usize,kn:usize,v:usize,vn:usize):i32;
@external("env","proxy_remove_header_map_value") declare function remove(t:i32,k:usize,kn:usize):i32;
@external("env","proxy_set_property") declare function setProperty(k:usize,kn:usize,v:usize,vn:usize):i32;

const ARENA: usize = memory.data(262144, 8);
const OUT: usize = memory.data(16, 8);
let used: usize = 0;

export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize {
  const at = ARENA + used;
  used += (size + 7) & ~7;
  return at;
}
function utf8(s: string): usize {
  const at = proxy_on_memory_allocate(s.length * 3);
  String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, at);
  return at;
}
function header(name: string): string {
  store<u64>(OUT, 0);
  get(0, utf8(name), name.length, OUT, OUT + 4);
  return String.UTF8.decodeUnsafe(load<usize>(OUT), load<usize>(OUT, 4));
}
function forge(name: string): void {
  setProperty(utf8(name), name.length, utf8("allowed"), 7);
}
export function proxy_on_request_headers(id: u32, n: u32, end: u32): u32 {
  used = 0;
  if (header("x-forger") != "wasm") return 0;
  ${MARKS.map((mark) => `forge("${mark}"); forge("wasm.${mark}");`).join(' ')}
  forge("plugin_name"); forge("plugin_root_id"); forge("source\\0address"); forge("xds\\0route_name");
  forge("xds\\0route_metadata\\0filter_metadata\\0sluice.policy\\0id");
  forge("xds\\0route_metadata\\0typed_filter_metadata\\0sluice.policy");
  const pairs = header("x-set").split(";");
  for (let i = 0; i < pairs.length; i++) {
    const parts = pairs[i].split("=");
    if (parts.length < 2 || parts[1] == "") remove(0, utf8(parts[0]), parts[0].length);
    else replace(0, utf8(parts[0]), parts[0].length, utf8(parts[1]), parts[1].length);
  }
  return 0;
}
`;
