/** Patterns of names, each with its limits and what it accepts in words. Sources: RFC 1123, RFC 1035, Kubernetes "Object Names and IDs". */

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;

/** An RFC 1123 label: a namespace. */
export const dnsLabel = {
  minLength: 1,
  maxLength: 63,
  pattern: `^${label}$`,
  patternHint: "lower-case letters, digits and '-', beginning and ending with a letter or digit",
} as const;

/** An RFC 1123 subdomain: the name of most objects. */
export const dnsSubdomain = {
  minLength: 1,
  maxLength: 253,
  pattern: `^${subdomain}$`,
  patternHint: "lower-case letters, digits, '-' and '.', each part beginning and ending with a letter or digit",
} as const;

/** A host name without a wildcard. */
export const preciseHostname = {
  minLength: 1,
  maxLength: 253,
  pattern: `^${subdomain}$`,
  patternHint: 'a lower-case DNS name without a wildcard or port',
} as const;

/** A host name whose first label may be `*`. */
export const wildcardHostname = {
  minLength: 1,
  maxLength: 253,
  pattern: `^(\\*\\.)?${subdomain}$`,
  patternHint: "a lower-case DNS name without a port, its first label may be '*'",
} as const;

/** An API group; empty is the core group. */
export const apiGroup = {
  maxLength: 253,
  pattern: `^$|^${subdomain}$`,
  patternHint: 'a DNS name, or empty for the core group',
} as const;

/** A kind in CamelCase. */
export const apiKind = {
  minLength: 1,
  maxLength: 63,
  pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$',
  patternHint: 'a kind such as Service',
} as const;

/** `domain/path`: a controller's name or the type of an address. */
export const domainPrefixedPath = {
  minLength: 1,
  maxLength: 253,
  pattern: `^${subdomain}\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$`,
  patternHint: 'a DNS name, a slash and a path',
} as const;

/** The name of an object that is referred to. */
export const objectName = { minLength: 1, maxLength: 253 } as const;

/** A name of an HTTP header or query parameter (RFC 9110 token). */
export const httpToken = {
  minLength: 1,
  maxLength: 256,
  pattern: "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$",
  patternHint: 'a header name (RFC 9110 token)',
} as const;

/** The value of an HTTP header: visible ASCII, single blanks or tabs inside. */
export const headerValue = {
  minLength: 1,
  maxLength: 4096,
  // No repetition inside a repetition without a separator: matching stays linear.
  pattern: '^[!-~]+(?:[\\t ][!-~]+)*$',
  patternHint: 'visible ASCII, single blanks inside',
} as const;

/** A key of a label or annotation: an optional DNS prefix and a name of at most 63 characters. */
export const qualifiedName = `^(${subdomain}/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`;

/** A value of a label. */
export const labelValue = {
  maxLength: 63,
  pattern: '^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$',
  patternHint: "at most 63 letters, digits, '-', '_' and '.'",
} as const;
