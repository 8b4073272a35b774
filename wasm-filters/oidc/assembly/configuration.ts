import { Jwt } from "../../gen/jwt";
import { oidcFromJson } from "../../gen/json/oidc";
import { Oidc, OidcFilter } from "../../gen/oidc";
import { REVISION } from "../../gen/revision";
import { isGoodProvider } from "../../jwt/assembly/configuration";
import { keyIdOf } from "../../jwt/assembly/key-id";
import { lowerHeaderName } from "../../sdk/assembly/header-name";
import { PluginBytes } from "../../sdk/assembly/plugin-bytes";

/** The configuration of one plugin. */
@final
export class Configuration {
  oidc: Oidc = new Oidc();
  /** Of whom sessions are: the only provider is that of the sessions. */
  sessions: Jwt = new Jwt();
  /** What stands for that provider in the token cache. */
  keyId: u64 = 0;
  private bytes: PluginBytes = new PluginBytes();

  /** Reads an `OidcFilter`, or an `Oidc` as JSON; false when it is neither, or says nothing that sessions are known by. */
  read(size: u32): bool {
    if (!this.bytes.take(size)) return false;
    const oidc = this.bytes.isJson() ? this.readJson() : this.readMessage();
    if (oidc === null) return false;
    const session = oidc.session;
    // Without an audience a session of any policy would do.
    if (session === null || session.audiences.length == 0 || session.sources.length != 1) return false;
    if (!isGoodProvider(session) || !hasLowerNames(oidc)) return false;
    this.oidc = oidc;
    this.sessions.providers = [session];
    this.keyId = keyIdOf(session);
    return true;
  }

  free(): void {
    this.bytes.free();
  }

  private readJson(): Oidc | null {
    const oidc = oidcFromJson(this.bytes.root(), this.bytes.json);
    return this.bytes.json.ok ? oidc : null;
  }

  private readMessage(): Oidc | null {
    const reader = this.bytes.reader();
    const filter = OidcFilter.read(reader);
    return reader.ok && filter.needs <= REVISION ? filter.oidc : null;
  }
}

function hasLowerNames(oidc: Oidc): bool {
  for (let i = 0; i < oidc.ownedHeaders.length; i++) if (!lowerHeaderName(oidc.ownedHeaders[i])) return false;
  return true;
}
