import { Jwt, JwtProvider } from "../../gen/jwt";
import { alloc } from "../../sdk/assembly/arena";
import { sha256 } from "../../sdk/assembly/sha256";

const DIGEST: usize = memory.data(32, 8);

/** What stands for each provider in the token cache. */
export function keyIdsOf(jwt: Jwt): StaticArray<u64> {
  const ids = new StaticArray<u64>(jwt.providers.length);
  for (let i = 0; i < jwt.providers.length; i++) ids[i] = keyIdOf(jwt.providers[i]);
  return ids;
}

/** A number from all that decides whether the provider accepts a token's signature, issuer and audience. */
export function keyIdOf(provider: JwtProvider): u64 {
  let size: usize = <usize>provider.issuer.len + 8;
  for (let i = 0; i < provider.audiences.length; i++) size += provider.audiences[i].len + 8;
  for (let i = 0; i < provider.keys.length; i++) size += provider.keys[i].spki.len + provider.keys[i].kid.len + 24;
  const start = alloc(size);
  let to = put(start, 0, provider.issuer.ptr, provider.issuer.len);
  for (let i = 0; i < provider.audiences.length; i++) to = put(to, 1, provider.audiences[i].ptr, provider.audiences[i].len);
  for (let i = 0; i < provider.keys.length; i++) {
    const key = provider.keys[i];
    to = put(to, 2 + key.algorithm, key.kid.ptr, key.kid.len);
    to = put(to, 255, key.spki.ptr, key.spki.len);
  }
  sha256(start, <u32>(to - start), DIGEST);
  return load<u64>(DIGEST);
}

/** Writes bytes with what they are and how long before them, so that no two sequences look alike. */
function put(to: usize, what: u32, from: usize, len: u32): usize {
  store<u32>(to, what);
  store<u32>(to, len, 4);
  memory.copy(to + 8, from, len);
  return to + 8 + len;
}
