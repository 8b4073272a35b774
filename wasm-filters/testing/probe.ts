/** What the probe calls where AssemblyScript throws; not in its entry file, whose exports are those of the module. */
export const PROBE_ABORT = `
export function onAbort(m: string | null, f: string | null, l: u32, c: u32): void { unreachable() }
`;

/** An AssemblyScript filter that does what the header `x-do` says: the test host is tested with it. */
export const PROBE = `
import "./abort";
@external("env","proxy_log") declare function proxy_log(l:i32,p:usize,n:usize):i32;
@external("env","proxy_get_header_map_value") declare function get(t:i32,k:usize,kn:usize,pp:usize,np:usize):i32;
@external("env","proxy_add_header_map_value") declare function add(t:i32,k:usize,kn:usize,v:usize,vn:usize):i32;
@external("env","proxy_replace_header_map_value") declare function replace(t:i32,k:usize,kn:usize,v:usize,vn:usize):i32;
@external("env","proxy_remove_header_map_value") declare function remove(t:i32,k:usize,kn:usize):i32;
@external("env","proxy_get_header_map_pairs") declare function getPairs(t:i32,pp:usize,np:usize):i32;
@external("env","proxy_set_header_map_pairs") declare function setPairs(t:i32,p:usize,n:usize):i32;
@external("env","proxy_get_property") declare function property(k:usize,kn:usize,pp:usize,np:usize):i32;
@external("env","proxy_get_buffer_bytes") declare function buffer(t:i32,s:i32,n:i32,pp:usize,np:usize):i32;
@external("env","proxy_send_local_response")
declare function respond(c:i32,d:usize,dn:usize,b:usize,bn:usize,h:usize,hn:usize,g:i32):i32;
@external("env","proxy_get_shared_data") declare function getShared(k:usize,kn:usize,pp:usize,np:usize,cas:usize):i32;
@external("env","proxy_set_shared_data") declare function setShared(k:usize,kn:usize,v:usize,vn:usize,cas:i32):i32;
@external("env","proxy_get_current_time_nanoseconds") declare function time(p:usize):i32;
@external("env","proxy_call_foreign_function")
declare function foreign(f:usize,fn:usize,a:usize,an:usize,rp:usize,rn:usize):i32;

const ARENA: usize = memory.data(65536, 8);
const OUT: usize = memory.data(16, 8);
const CONFIG: usize = memory.data(4096, 8);
let used: usize = 0;
let configSize: usize = 0;

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
function log(s: string): void { proxy_log(2, utf8(s), s.length) }
function pointer(): usize { return load<usize>(OUT) }
function size(): usize { return load<usize>(OUT, 4) }
function logProperty(): void {
  property(utf8("xds\\0route_name"), 14, OUT, OUT + 4);
  proxy_log(2, pointer(), size());
}
export function proxy_on_configure(id: u32, n: u32): u32 {
  used = 0;
  buffer(7, 0, n, OUT, OUT + 4);
  proxy_log(2, pointer(), size());
  configSize = size();
  memory.copy(CONFIG, pointer(), configSize);
  return String.UTF8.decodeUnsafe(CONFIG, configSize) == "refuse" ? 0 : 1;
}
export function proxy_on_request_headers(id: u32, n: u32, end: u32): u32 {
  used = 0;
  get(0, utf8("x-do"), 4, OUT, OUT + 4);
  // Nothing is allocated on the heap for a request that is only measured.
  if (load<u8>(pointer()) == 0x70 && size() == 5 && load<u8>(pointer(), 2) == 0x69) {
    getPairs(0, OUT, OUT + 4);
    setPairs(0, pointer(), size());
    return 0;
  }
  const action = String.UTF8.decodeUnsafe(pointer(), size());
  if (action == "write") {
    replace(0, utf8("X-Old"), 5, utf8("new"), 3);
    remove(0, utf8("x-gone"), 6);
    add(0, utf8("x-added"), 7, utf8("yes"), 3);
  } else if (action == "respond") {
    const h = proxy_on_memory_allocate(32);
    store<u32>(h, 1); store<u32>(h, 3, 4); store<u32>(h, 1, 8);
    memory.copy(h + 12, utf8("x-a"), 3); store<u8>(h, 0, 15); store<u8>(h, 0x62, 16); store<u8>(h, 0, 17);
    respond(403, utf8("why"), 3, utf8("no"), 2, h, 18, -1);
  } else if (action == "stop") {
    return 1;
  } else if (action == "route") {
    logProperty();
    add(0, utf8("x-added"), 7, utf8("yes"), 3);
    logProperty();
  } else if (action == "trap") {
    unreachable();
  } else if (action == "wild") {
    log(add(0, 0x7fffffff, 4, 0, 0).toString());
  } else if (action == "time") {
    time(OUT);
    log(load<u64>(OUT).toString());
  } else if (action == "share") {
    const got = getShared(utf8("key"), 3, OUT, OUT + 4, OUT + 8);
    log("get " + got.toString() + " set " + setShared(utf8("key"), 3, utf8("v"), 1, 77).toString());
  } else if (action == "verify") {
    const code = foreign(utf8("verify_signature"), 16, CONFIG, configSize, OUT, OUT + 4);
    log("verify " + code.toString() + " " + load<u8>(pointer()).toString() + " " + load<u8>(pointer(), 1).toString());
  }
  return 0;
}
`;
