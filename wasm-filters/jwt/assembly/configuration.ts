import { HeaderSource, Jwt, JwtAlgorithm, JwtFilter, JwtProvider, TokenSource } from "../../gen/jwt";
import { jwtFromJson } from "../../gen/json/jwt";
import { REVISION } from "../../gen/revision";
import { handedOverName, lowerHeaderName } from "../../sdk/assembly/header-name";
import { PluginBytes } from "../../sdk/assembly/plugin-bytes";
import { literal } from "../../sdk/assembly/slice";
import { keyIdsOf } from "./key-id";

// Field numbers of the members of TokenSource.source.
const HEADER: u32 = 1;

const AUTHORIZATION = literal("authorization");
const BEARER = literal("Bearer ");

/** The configuration of one plugin. */
@final
export class Configuration {
  jwt: Jwt = new Jwt();
  /** What stands for each provider in the token cache. */
  keyIds: StaticArray<u64> = new StaticArray<u64>(0);
  private bytes: PluginBytes = new PluginBytes();

  /** Reads a `JwtFilter`, or a `Jwt` as JSON; false when it is neither, or says nothing that tokens can be verified by. */
  read(size: u32): bool {
    if (!this.bytes.take(size)) return false;
    const jwt = this.bytes.isJson() ? this.readJson() : this.readMessage();
    if (jwt === null || !isGood(jwt)) return false;
    this.jwt = jwt;
    this.keyIds = keyIdsOf(jwt);
    return true;
  }

  free(): void {
    this.bytes.free();
  }

  private readJson(): Jwt | null {
    const jwt = jwtFromJson(this.bytes.root(), this.bytes.json);
    return this.bytes.json.ok ? jwt : null;
  }

  private readMessage(): Jwt | null {
    const reader = this.bytes.reader();
    const filter = JwtFilter.read(reader);
    return reader.ok && filter.needs <= REVISION ? filter.jwt : null;
  }
}

function isGood(jwt: Jwt): bool {
  for (let i = 0; i < jwt.providers.length; i++) if (!isGoodProvider(jwt.providers[i])) return false;
  return jwt.providers.length > 0;
}

/** A provider has keys, each for an algorithm; tokens come from `Authorization: Bearer` where nothing else is said. */
export function isGoodProvider(provider: JwtProvider): bool {
  for (let i = 0; i < provider.keys.length; i++) {
    if (provider.keys[i].algorithm == JwtAlgorithm.UNSPECIFIED || provider.keys[i].spki.len == 0) return false;
  }
  for (let i = 0; i < provider.claimToHeaders.length; i++) {
    const mapping = provider.claimToHeaders[i];
    if (mapping.claim.length == 0 || !lowerHeaderName(mapping.header)) return false;
  }
  for (let i = 0; i < provider.sources.length; i++) if (!isGoodSource(provider.sources[i])) return false;
  if (provider.sources.length == 0) provider.sources.push(bearer());
  return provider.keys.length > 0;
}

function isGoodSource(source: TokenSource): bool {
  if (source.sourceCase != HEADER) return source.sourceCase != 0;
  const header = source.header;
  if (header === null) return false;
  header.name = handedOverName(header.name);
  return header.name.len > 0;
}

function bearer(): TokenSource {
  const header = new HeaderSource();
  header.name = AUTHORIZATION;
  header.prefix = BEARER;
  const source = new TokenSource();
  source.header = header;
  source.sourceCase = HEADER;
  return source;
}
