/** A value as JSON has it: maps become objects, bytes base64, lists in pieces are whole, and what is secret is left out. */
export function toPlainJson(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, member: unknown) => {
      if (SECRET_FIELDS.has(key) && member !== undefined) return REDACTED;
      if (PIECED_FIELDS.has(key) && Array.isArray(member)) return member.flat();
      if (member instanceof Map) return Object.fromEntries(member);
      return member instanceof Uint8Array ? Buffer.from(member).toString('base64') : member;
    }) ?? 'null',
  );
}

/** Stands where a secret was left out, as in Envoy's config dump. */
export const REDACTED = '[redacted]';

/** Fields of the IR that are lists in pieces. */
const PIECED_FIELDS: ReadonlySet<string> = new Set(['virtualHosts', 'clusters', 'endpoints']);

/** Fields of the IR that are secret, whatever they hold. What they are called nothing else is called. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'privateKey',
  'password',
  'clientSecret',
  'hmacSecret',
  'users',
  'apiKey',
  'secretValue',
]);
