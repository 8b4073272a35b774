/** Claims by name (RFC 7519 section 4). */
export type Claims = { readonly [name: string]: unknown };

/** Reads the payload of a JWT whose signature is somebody else's business; `undefined` when it is none. */
export function claimsOf(token: string): Claims | undefined {
  return parseClaims(token.split('.')[1] ?? '');
}

/** Reads an object of JSON in base64url; `undefined` when it is none. */
export function parseClaims(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isClaims(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The claims at these paths and what leads to them; paths that lead nowhere are left out. */
export function pickClaims(claims: Claims, paths: readonly (readonly string[])[]): Claims {
  const byName = new Map<string, (readonly string[])[]>();
  for (const [name, ...rest] of paths) {
    if (name !== undefined && Object.hasOwn(claims, name)) byName.set(name, [...(byName.get(name) ?? []), rest]);
  }
  return Object.fromEntries(
    [...byName].flatMap(([name, rests]) => {
      const value = claims[name];
      if (rests.some((rest) => rest.length === 0)) return [[name, value]];
      const inner = isClaims(value) ? pickClaims(value, rests) : {};
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }),
  );
}
