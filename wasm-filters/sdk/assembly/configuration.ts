import { Json, JsonKind, kindOf, member, numberOf, parseJson, textOf } from "./json";
import { Slice } from "./slice";
import { RESULT, resultText, utf8, utf8Length } from "./text";

@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer_bytes(buffer: u32, start: u32, max: u32, ptr: usize, len: usize): u32;

const PLUGIN_CONFIGURATION: u32 = 7;

/** The `config` of the policy, as the text it is written in; "" without one. In `proxy_on_configure`. */
export function configuration(): string {
  return read() ? resultText() : "";
}

/** A text of the `config`, which is a JSON object, or `otherwise` where there is none of this name. In `proxy_on_configure`. */
export function configText(name: string, otherwise: string): string {
  const value = configMember(name);
  if (kindOf(value) != JsonKind.text) return otherwise;
  const text = textOf(value);
  return String.UTF8.decodeUnsafe(text.ptr, text.len);
}

/** A number of the `config`, or `otherwise`. In `proxy_on_configure`. */
export function configNumber(name: string, otherwise: f64): f64 {
  const value = configMember(name);
  return kindOf(value) == JsonKind.number ? numberOf(value) : otherwise;
}

/** A true or false of the `config`, or `otherwise`. In `proxy_on_configure`. */
export function configFlag(name: string, otherwise: bool): bool {
  const kind = kindOf(configMember(name));
  if (kind != JsonKind.yes && kind != JsonKind.no) return otherwise;
  return kind == JsonKind.yes;
}

function configMember(name: string): Json {
  if (!read()) return 0;
  return member(parseJson(load<usize>(RESULT), load<u32>(RESULT, 4)), new Slice(utf8(name), utf8Length(name)));
}

function read(): bool {
  store<u64>(RESULT, 0);
  return proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, u32.MAX_VALUE, RESULT, RESULT + 4) == 0;
}
