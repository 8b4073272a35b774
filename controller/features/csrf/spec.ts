import type { CSRF } from '#controller/api/gen/types.d.ts';
import type { CsrfIr } from '../../ir/csrf.ts';

const ALL = 1_000_000;

/** Translates `csrf` of a SecurityPolicy. */
export function translateCsrf({ additionalOrigins = [], shadowFraction }: CSRF): CsrfIr {
  const shadow = shadowFraction === undefined ? 0 : shadowFraction.numerator / shadowFraction.denominator;
  return {
    // Envoy compares host and port alone.
    additionalOrigins: additionalOrigins.map((origin) => origin.replace(/^[^:/]*:\/\//u, '')),
    // Less than a millionth in shadow is none: what is rounded is rounded shut.
    enforcedMillionths: Math.min(ALL, Math.max(0, Math.ceil((1 - shadow) * ALL))),
  };
}
