import { rateLimitFromJson } from "../../gen/json/rate_limit";
import { Limit, RateLimit, RateLimitFilter } from "../../gen/rate_limit";
import { REVISION } from "../../gen/revision";
import { handedOverName } from "../../sdk/assembly/header-name";
import { PluginBytes } from "../../sdk/assembly/plugin-bytes";
import { CompiledLimit, compileLimits } from "./compile";

/** The configuration of one plugin. */
@final
export class Configuration {
  limits: CompiledLimit[] = [];
  private bytes: PluginBytes = new PluginBytes();

  /** Reads a `RateLimitFilter`, or a `RateLimit` as JSON; false when it is neither, or cannot be evaluated. */
  read(size: u32): bool {
    if (!this.bytes.take(size)) return false;
    const message = this.bytes.isJson() ? this.readJson() : this.readMessage();
    if (message === null || !areGood(message.local) || !areGood(message.global)) return false;
    const limits = compileLimits(message);
    if (limits === null || limits.length == 0) return false;
    this.limits = limits;
    return true;
  }

  free(): void {
    this.bytes.free();
  }

  private readJson(): RateLimit | null {
    const message = rateLimitFromJson(this.bytes.root(), this.bytes.json);
    return this.bytes.json.ok ? message : null;
  }

  private readMessage(): RateLimit | null {
    const reader = this.bytes.reader();
    const filter = RateLimitFilter.read(reader);
    return reader.ok && filter.needs <= REVISION ? filter.rateLimit : null;
  }
}

function areGood(limits: Limit[]): bool {
  for (let i = 0; i < limits.length; i++) {
    const selectors = limits[i].selectors;
    for (let j = 0; j < selectors.length; j++) {
      const header = selectors[j].header;
      if (header === null) continue;
      header.name = handedOverName(header.name);
      if (header.name.len == 0) return false;
    }
  }
  return true;
}
