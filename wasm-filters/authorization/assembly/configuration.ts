import { Authorization, AuthorizationFilter } from "../../gen/authorization";
import { authorizationFromJson } from "../../gen/json/authorization";
import { REVISION } from "../../gen/revision";
import { handedOverName } from "../../sdk/assembly/header-name";
import { PluginBytes } from "../../sdk/assembly/plugin-bytes";
import { CompiledAuthorization, compileAuthorization } from "./compile";

/** The configuration of one plugin. */
@final
export class Configuration {
  rules: CompiledAuthorization = new CompiledAuthorization();
  private bytes: PluginBytes = new PluginBytes();

  /** Reads an `AuthorizationFilter`, or an `Authorization` as JSON; false when it is neither, or cannot be evaluated. */
  read(size: u32): bool {
    if (!this.bytes.take(size)) return false;
    const message = this.bytes.isJson() ? this.readJson() : this.readMessage();
    if (message === null || !isGood(message)) return false;
    const rules = compileAuthorization(message);
    if (rules === null) return false;
    this.rules = rules;
    return true;
  }

  free(): void {
    this.bytes.free();
  }

  private readJson(): Authorization | null {
    const message = authorizationFromJson(this.bytes.root(), this.bytes.json);
    return this.bytes.json.ok ? message : null;
  }

  private readMessage(): Authorization | null {
    const reader = this.bytes.reader();
    const filter = AuthorizationFilter.read(reader);
    return reader.ok && filter.needs <= REVISION ? filter.authorization : null;
  }
}

function isGood(message: Authorization): bool {
  for (let i = 0; i < message.rules.length; i++) {
    const headers = message.rules[i].headers;
    for (let j = 0; j < headers.length; j++) {
      headers[j].name = handedOverName(headers[j].name);
      if (headers[j].name.len == 0) return false;
    }
  }
  return true;
}
