import { getPluginConfiguration, resultLen, resultPtr } from "./host";
import { Json, parseJson } from "./json";
import { JsonReader } from "./json-reader";
import { Reader } from "./reader";

/** The configuration of a plugin, as bytes that outlive the callback: a message, or the same as JSON. */
@final
export class PluginBytes {
  /** Reads the JSON; owns the texts that it read. */
  readonly json: JsonReader = new JsonReader();
  private ptr: usize = 0;
  private len: u32 = 0;

  /** Takes the configuration of the plugin that is being configured, of this size. */
  take(size: u32): bool {
    if (size == 0) return true;
    if (!getPluginConfiguration(size)) return false;
    this.len = resultLen();
    this.ptr = heap.alloc(<usize>this.len + 1);
    memory.copy(this.ptr, resultPtr(), this.len);
    return true;
  }

  free(): void {
    if (this.ptr != 0) heap.free(this.ptr);
    this.ptr = 0;
    this.len = 0;
    this.json.free();
  }

  /** Whether it is JSON: no message begins like an object does. */
  isJson(): bool {
    for (let i: u32 = 0; i < this.len; i++) {
      const c = load<u8>(this.ptr + i);
      if (c != 32 && c != 9 && c != 10 && c != 13) return c == 123;
    }
    return false;
  }

  /** The JSON, until the callback ends. */
  root(): Json {
    return parseJson(this.ptr, this.len);
  }

  /** A reader of the message. */
  reader(): Reader {
    return new Reader(this.ptr, this.ptr + this.len);
  }
}
