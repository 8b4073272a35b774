import type { JwtAlgorithm, JwtIr, JwtProviderIr, TokenSourceIr } from '../../ir/jwt.ts';
import type { Init } from '../../xds/build/message.ts';

/** `sluice.filter.v1.JwtAlgorithm` by its name in RFC 7518. */
export const JWT_ALGORITHM = { RS256: 1, RS384: 2, RS512: 3, ES256: 4, ES384: 5, ES512: 6 } as const satisfies {
  readonly [A in JwtAlgorithm]: number;
};

/** JWT authentication as the filter reads it. */
export function jwtConfig(ir: JwtIr): Init<'sluice.filter.v1.Jwt'> {
  return { providers: ir.providers.map(provider), optional: ir.optional };
}

function provider(ir: JwtProviderIr): Init<'sluice.filter.v1.JwtProvider'> {
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
