import { HeaderChange, HeaderChanges, HeaderRewrite, HeaderRewriteFilter } from "../../gen/header_rewrite";
import { headerRewriteFromJson } from "../../gen/json/header_rewrite";
import { REVISION } from "../../gen/revision";
import { lowerHeaderName, isHeaderValue } from "../../sdk/assembly/header-name";
import { parseJson } from "../../sdk/assembly/json";
import { JsonReader } from "../../sdk/assembly/json-reader";
import { Reader } from "../../sdk/assembly/reader";

/** The configuration of one plugin; it owns the bytes that its texts are in. */
@final
export class Configuration {
  request: HeaderChanges = new HeaderChanges();
  response: HeaderChanges = new HeaderChanges();
  private bytes: usize = 0;
  private json: JsonReader = new JsonReader();

  /** Reads a `HeaderRewriteFilter`, or a `HeaderRewrite` as JSON; false when it is neither, or may not be done. */
  read(ptr: usize, len: u32): bool {
    const rewrite = isJson(ptr, len) ? this.readJson(ptr, len) : this.readMessage(ptr, len);
    if (rewrite === null) return false;
    const request = rewrite.request;
    const response = rewrite.response;
    if (request !== null) this.request = request;
    if (response !== null) this.response = response;
    return areGood(this.request) && areGood(this.response);
  }

  free(): void {
    if (this.bytes != 0) heap.free(this.bytes);
    this.bytes = 0;
    this.json.free();
  }

  /** Whether the response to a request needs anything. */
  hasResponse(): bool {
    return this.response.set.length + this.response.add.length + this.response.remove.length > 0;
  }

  private readJson(ptr: usize, len: u32): HeaderRewrite | null {
    const rewrite = headerRewriteFromJson(parseJson(ptr, len), this.json);
    return this.json.ok ? rewrite : null;
  }

  private readMessage(ptr: usize, len: u32): HeaderRewrite | null {
    this.bytes = heap.alloc(<usize>len + 1);
    memory.copy(this.bytes, ptr, len);
    const reader = new Reader(this.bytes, this.bytes + len);
    const filter = HeaderRewriteFilter.read(reader);
    if (!reader.ok || filter.needs > REVISION) return null;
    const rewrite = filter.rewrite;
    return rewrite === null ? new HeaderRewrite() : rewrite;
  }
}

/** Whether bytes are JSON: no message begins like an object does. */
function isJson(ptr: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) {
    const c = load<u8>(ptr + i);
    if (c != 32 && c != 9 && c != 10 && c != 13) return c == 123;
  }
  return false;
}

function areGood(changes: HeaderChanges): bool {
  for (let i = 0; i < changes.remove.length; i++) if (!lowerHeaderName(changes.remove[i])) return false;
  return areChanges(changes.set) && areChanges(changes.add);
}

function areChanges(changes: HeaderChange[]): bool {
  for (let i = 0; i < changes.length; i++) {
    const change = changes[i];
    if (!lowerHeaderName(change.name) || !isHeaderValue(change.value) || !isHeaderValue(change.prefix)) return false;
    const sources = change.from;
    for (let j = 0; j < sources.length; j++) {
      const source = sources[j];
      if (source.sourceCase == 0) return false;
      // Names of headers are compared as they are handed over, in lower case.
      if (source.header.len > 0 && load<u8>(source.header.ptr) != 58 && !lowerHeaderName(source.header)) return false;
    }
  }
  return true;
}
