import type { TlsParametersIr, TlsVersionIr } from '../ir/upstream-tls.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** What policies and Backends say of what is negotiated (Envoy Gateway API, `TLSSettings`). */
export interface TlsSettings {
  readonly minVersion?: 'Auto' | TlsVersionIr;
  readonly maxVersion?: 'Auto' | TlsVersionIr;
  readonly ciphers?: readonly string[];
  readonly ecdhCurves?: readonly string[];
  readonly signatureAlgorithms?: readonly string[];
  readonly alpnProtocols?: readonly string[];
}

/**
 * Translates what is negotiated; `undefined` where nothing is said. Names that Envoy's BoringSSL does not know are refused:
 * it would refuse all that they are part of.
 */
export function tlsParameters(settings: TlsSettings, at: string): Outcome<TlsParametersIr | undefined, 'Invalid'> {
  const { minVersion, maxVersion, ciphers, ecdhCurves, signatureAlgorithms, alpnProtocols } = settings;
  const problem =
    unknownIn(ciphers?.flatMap(ciphersOf), CIPHERS, `${at}.ciphers`) ??
    unknownIn(ecdhCurves, CURVES, `${at}.ecdhCurves`) ??
    unknownIn(signatureAlgorithms, SIGNATURE_ALGORITHMS, `${at}.signatureAlgorithms`) ??
    (alpnProtocols ?? []).flatMap((name) => alpnProblem(name, at))[0];
  if (problem !== undefined) return refusal('Invalid', problem);
  const made: TlsParametersIr = {
    ...(minVersion === undefined || minVersion === 'Auto' ? {} : { minVersion }),
    ...(maxVersion === undefined || maxVersion === 'Auto' ? {} : { maxVersion }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(ecdhCurves === undefined ? {} : { curves: ecdhCurves }),
    ...(signatureAlgorithms === undefined ? {} : { signatureAlgorithms }),
    ...(alpnProtocols === undefined ? {} : { alpn: alpnProtocols }),
  };
  return success(Object.keys(made).length === 0 ? undefined : made);
}

/** "[a|b]" is a group of equal preference (Envoy, `TlsParameters.cipher_suites`). */
function ciphersOf(text: string): readonly string[] {
  return /^\[.+\]$/u.test(text) ? text.slice(1, -1).split('|') : [text];
}

function unknownIn(names: readonly string[] | undefined, known: readonly string[], at: string): string | undefined {
  const unknown = names?.find((name) => !known.includes(name));
  return unknown === undefined ? undefined : `${at}: found ${unknown}, accepted are ${known.join(', ')}`;
}

/** RFC 7301: a name has 1 to 255 bytes. */
function alpnProblem(name: string, at: string): readonly string[] {
  const { length } = Buffer.from(name);
  return length > 0 && length < 256
    ? []
    : [`${at}.alpnProtocols: found a name of ${length} bytes, accepted are 1 to 255`];
}

/** Of `envoy.extensions.transport_sockets.tls.v3.TlsParameters`: what BoringSSL without FIPS knows. */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-PSK-AES128-CBC-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-PSK-AES256-CBC-SHA',
  'AES128-GCM-SHA256',
  'AES128-SHA',
  'PSK-AES128-CBC-SHA',
  'AES256-GCM-SHA384',
  'AES256-SHA',
  'PSK-AES256-CBC-SHA',
];

const CURVES = ['X25519', 'P-256', 'P-384', 'P-521', 'X25519MLKEM768'];

const SIGNATURE_ALGORITHMS = [
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'ed25519',
  'rsa_pkcs1_sha1',
  'ecdsa_sha1',
];
