import { enumMembers } from '#proto/load.ts';
import type { JwtAlgorithm, JwtIr, JwtProviderIr, TokenSourceIr } from '../../ir/jwt.ts';
import type { Init } from '../../xds/build/message.ts';

const { EDDSA, ...WITH_DIGITS } = enumMembers('sluice.filter.v1.JwtAlgorithm');
/** The algorithms by their names in RFC 7518 and RFC 8037. */
const JWT_ALGORITHM = { ...WITH_DIGITS, EdDSA: EDDSA } as const satisfies { readonly [A in JwtAlgorithm]: number };

/** JWT authentication as the filter reads it. */
export function jwtConfig(ir: JwtIr): Init<'sluice.filter.v1.Jwt'> {
  return { providers: ir.providers.map(jwtProviderConfig), optional: ir.optional, failOpen: ir.failOpen };
}

/** One provider as the filter reads it. */
export function jwtProviderConfig(ir: JwtProviderIr): Init<'sluice.filter.v1.JwtProvider'> {
  return {
    name: ir.name,
    issuer: ir.issuer ?? '',
    audiences: [...ir.audiences],
    keys: ir.keys.map(({ kid, algorithm, spki }) => ({
      kid: kid ?? '',
      algorithm: JWT_ALGORITHM[algorithm],
      spki: Uint8Array.from(spki),
    })),
    claimToHeaders: ir.claimToHeaders.map(({ claim, header }) => ({ claim: [...claim], header })),
    sources: ir.sources.map(source),
    keySet: ir.keySet ?? '',
  };
}

function source(ir: TokenSourceIr): Init<'sluice.filter.v1.TokenSource'> {
  switch (ir.kind) {
    case 'header':
      return { source: { case: 'header', value: { name: ir.name, prefix: ir.prefix } } };
    case 'cookie':
      return { source: { case: 'cookie', value: ir.name } };
    case 'query':
      return { source: { case: 'queryParameter', value: ir.name } };
    default:
      return ir satisfies never;
  }
}
