/**
 * Why something could not be fetched.
 *
 * - `BadUrl`: no http or https URL, or one with a user name in it
 * - `AddressRefused`: its host is at an address that may not be connected to
 * - `NotResolved`: its host has no address
 * - `Unreachable`: nothing answers there, or the connection broke
 * - `TlsFailed`: no TLS, or a certificate that is not trusted for the host
 * - `TimedOut`: it took longer than it may
 * - `TooLarge`: its body is larger than it may be, as sent or once decompressed
 * - `BadRedirect`: a redirect that is followed nowhere: too many, without a location, or from https to http
 * - `BadEncoding`: its body cannot be decompressed
 * - `Canceled`: nobody wants it any more
 */
export type FetchReason =
  | 'BadUrl'
  | 'AddressRefused'
  | 'NotResolved'
  | 'Unreachable'
  | 'TlsFailed'
  | 'TimedOut'
  | 'TooLarge'
  | 'BadRedirect'
  | 'BadEncoding'
  | 'Canceled';

/** Ends a fetch with a reason; only within this folder: callers get an Outcome. */
export class FetchFailure extends Error {
  readonly reason: FetchReason;

  constructor(reason: FetchReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** What TLS failures have as code: those of OpenSSL's verification and Node's own. */
const TLS_CODE =
  /^(?:ERR_TLS|ERR_SSL|EPROTO|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/u;

/** How OpenSSL words an error: a number, where in its sources, and between them what it is. */
const OPENSSL = /:SSL routines:[^:]*:([^:]+):/u;
const RESOLVER_CODE = /^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/u;

/** Tells why, of whatever was thrown while something was fetched. */
export function failureOf(error: unknown): FetchFailure {
  if (error instanceof FetchFailure) return error;
  const inner = error instanceof AggregateError ? error.errors : error instanceof Error ? [error.cause] : [];
  const nested = inner.find((one) => one instanceof FetchFailure);
  if (nested instanceof FetchFailure) return nested;
  const code = codeOf(error) ?? inner.map(codeOf).find((found) => found !== undefined) ?? '';
  const message = error instanceof Error && error.message !== '' ? error.message : code;
  if (TLS_CODE.test(code)) return new FetchFailure('TlsFailed', `TLS: ${OPENSSL.exec(message)?.[1] ?? message}`);
  if (RESOLVER_CODE.test(code)) return new FetchFailure('NotResolved', message);
  if (/TIMEOUT|ETIMEDOUT/u.test(code)) return new FetchFailure('TimedOut', message);
  return new FetchFailure('Unreachable', message === '' ? 'the connection failed' : message);
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
