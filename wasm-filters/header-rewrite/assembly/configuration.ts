import { HeaderChange, HeaderChanges, HeaderRewrite, HeaderRewriteFilter } from "../../gen/header_rewrite";
import { headerRewriteFromJson } from "../../gen/json/header_rewrite";
import { REVISION } from "../../gen/revision";
import { handedOverName, isHeaderValue, lowerHeaderName } from "../../sdk/assembly/header-name";
import { PluginBytes } from "../../sdk/assembly/plugin-bytes";
import { Slice } from "../../sdk/assembly/slice";

// Field numbers of members of ValueSource.source.
const HEADER: u32 = 1;
const CLAIM: u32 = 5;
const SESSION: u32 = 6;

/** The configuration of one plugin. */
@final
export class Configuration {
  request: HeaderChanges = new HeaderChanges();
  response: HeaderChanges = new HeaderChanges();
  private bytes: PluginBytes = new PluginBytes();

  /** Reads a `HeaderRewriteFilter`, or a `HeaderRewrite` as JSON; false when it is neither, or may not be done. */
  read(size: u32): bool {
    if (!this.bytes.take(size)) return false;
    const rewrite = this.bytes.isJson() ? this.readJson() : this.readMessage();
    if (rewrite === null) return false;
    const request = rewrite.request;
    const response = rewrite.response;
    if (request !== null) this.request = request;
    if (response !== null) this.response = response;
    return areGood(this.request) && areGood(this.response);
  }

  free(): void {
    this.bytes.free();
  }

  /** Whether the response to a request needs anything. */
  hasResponse(): bool {
    return this.response.set.length + this.response.add.length + this.response.remove.length > 0;
  }

  private readJson(): HeaderRewrite | null {
    const rewrite = headerRewriteFromJson(this.bytes.root(), this.bytes.json);
    return this.bytes.json.ok ? rewrite : null;
  }

  private readMessage(): HeaderRewrite | null {
    const reader = this.bytes.reader();
    const filter = HeaderRewriteFilter.read(reader);
    if (!reader.ok || filter.needs > REVISION) return null;
    const rewrite = filter.rewrite;
    return rewrite === null ? new HeaderRewrite() : rewrite;
  }
}

function areGood(changes: HeaderChanges): bool {
  for (let i = 0; i < changes.remove.length; i++) if (!lowerHeaderName(changes.remove[i])) return false;
  return areChanges(changes.set) && areChanges(changes.add) && areDifferent(changes);
}

/** Whether no header is set twice, or changed and removed: values are compared with those that the request had at first. */
function areDifferent(changes: HeaderChanges): bool {
  const set = changes.set;
  const add = changes.add;
  for (let i = 0; i < set.length; i++) {
    for (let j = 0; j < i; j++) if (set[j].name.equals(set[i].name.ptr, set[i].name.len)) return false;
    if (isAmong(changes.remove, set[i].name)) return false;
  }
  for (let i = 0; i < add.length; i++) if (isAmong(changes.remove, add[i].name)) return false;
  return true;
}

function isAmong(names: Slice[], name: Slice): bool {
  for (let i = 0; i < names.length; i++) if (names[i].equals(name.ptr, name.len)) return true;
  return false;
}

function areChanges(changes: HeaderChange[]): bool {
  for (let i = 0; i < changes.length; i++) {
    const change = changes[i];
    if (!lowerHeaderName(change.name) || !isHeaderValue(change.value) || !isHeaderValue(change.prefix)) return false;
    const sources = change.from;
    for (let j = 0; j < sources.length; j++) {
      const source = sources[j];
      if (source.sourceCase == 0 || source.sourceCase == CLAIM || source.sourceCase == SESSION) return false;
      if (source.sourceCase != HEADER) continue;
      source.header = handedOverName(source.header);
      if (source.header.len == 0) return false;
    }
  }
  return true;
}
