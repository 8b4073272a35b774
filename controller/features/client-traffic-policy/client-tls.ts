import type { ClientTLSSettings, ClientTrafficPolicy, ClientValidationContext } from '#controller/api/gen/types.d.ts';
import type { ClientTlsIr } from '../../ir/client-traffic.ts';
import type { ClientNameIr, ClientValidationIr } from '../../ir/client-validation.ts';
import { milliseconds } from '../../resources/duration.ts';
import type { Problems } from '../../resources/problems.ts';
import type { Resources } from '../../resources/resources.ts';
import { tlsParameters } from '../../tls/parameters.ts';
import { resolveRevocations } from '../../tls/revocations.ts';
import { resolveTrust } from '../../tls/trust.ts';
import { textComparison } from './text-comparison.ts';

/** Resolves what a ClientTrafficPolicy says of TLS (Envoy Gateway API, `ClientTLSSettings`). */
export function resolveClientTls(
  { metadata, spec }: ClientTrafficPolicy,
  resources: Resources,
  problems: Problems,
): ClientTlsIr {
  const { tls } = spec;
  const handshakeTimeout = milliseconds(spec.timeout?.tcp?.tlsHandshakeTimeout);
  if (tls === undefined) return { handshakeTimeout };
  const parameters = tlsParameters(tls, 'tls');
  if (!parameters.ok) addTo(problems, parameters.refusal.message);
  const { clientValidation } = tls;
  return {
    parameters: parameters.ok ? parameters.value : undefined,
    clients:
      clientValidation === undefined
        ? undefined
        : resolveValidation(clientValidation, metadata.namespace, resources, problems),
    handshakeTimeout,
    resumption: resumptionOf(tls),
    fingerprints: tls.fingerprints,
  };
}

/** A message that begins with its field. */
function addTo(problems: Problems, message: string): void {
  const end = message.indexOf(': ');
  problems.add(message.slice(0, end), message.slice(end + 2));
}

function resumptionOf({ session }: ClientTLSSettings): ClientTlsIr['resumption'] {
  const resumption = session?.resumption;
  if (resumption === undefined) return undefined;
  return { stateless: resumption.stateless !== undefined, stateful: resumption.stateful !== undefined };
}

/** What each mode asks for; `verifies` needs somebody to trust. */
const MODES = {
  Request: { required: false, takesUntrusted: true, verifies: false },
  RequireAny: { required: true, takesUntrusted: true, verifies: false },
  VerifyIfGiven: { required: false, takesUntrusted: false, verifies: true },
  RequireAndVerify: { required: true, takesUntrusted: false, verifies: true },
} as const;

function resolveValidation(
  spec: ClientValidationContext,
  namespace: string,
  resources: Resources,
  problems: Problems,
): ClientValidationIr {
  const { caCertificateRefs = [], subjectAltNames = {}, spkiHashes = [], certificateHashes = [] } = spec;
  const mode = MODES[spec.mode ?? (spec.optional === true ? 'VerifyIfGiven' : 'RequireAndVerify')];
  const at = 'tls.clientValidation';
  const from = { group: 'gateway.envoyproxy.io', kind: 'ClientTrafficPolicy', namespace };
  const trust =
    caCertificateRefs.length === 0
      ? undefined
      : resolveTrust(caCertificateRefs, from, `${at}.caCertificateRefs`, resources, 'clients');
  if (trust?.ok === false) addTo(problems, trust.refusal.message);
  if (trust === undefined && mode.verifies) {
    problems.add(`${at}.caCertificateRefs`, 'found none, at least one is needed to verify certificates');
  }
  const lists =
    spec.crl === undefined ? undefined : resolveRevocations(spec.crl.refs, from, `${at}.crl.refs`, resources);
  if (lists?.ok === false) addTo(problems, lists.refusal.message);
  if (lists !== undefined && trust === undefined) {
    problems.add(`${at}.crl`, 'found without caCertificateRefs: whose certificates would it revoke?');
  }
  const others = (subjectAltNames.otherNames ?? []).map(({ oid, ...match }): ClientNameIr => ({
    type: 'other',
    oid,
    ...textComparison(match, `${at}.subjectAltNames.otherNames`, problems),
  }));
  const badOid = others.find((name) => name.type === 'other' && !OID.test(name.oid));
  if (badOid?.type === 'other') {
    problems.add(
      `${at}.subjectAltNames.otherNames`,
      `oid: found ${badOid.oid}, accepted are numbers with dots between`,
    );
  }
  const named: readonly ClientNameIr[] = (['dnsNames', 'emailAddresses', 'ipAddresses', 'uris'] as const).flatMap(
    (field) =>
      (subjectAltNames[field] ?? []).map((match) => ({
        type: NAME_TYPES[field],
        ...textComparison(match, `${at}.subjectAltNames.${field}`, problems),
      })),
  );
  const names = [...named, ...others];
  return {
    trust: trust?.ok === true ? trust.value : undefined,
    required: mode.required,
    takesUntrusted: mode.takesUntrusted,
    ...(spkiHashes.length === 0 ? {} : { spkiHashes: checked(spkiHashes, SPKI, `${at}.spkiHashes`, problems) }),
    ...(certificateHashes.length === 0
      ? {}
      : { certificateHashes: checked(certificateHashes, FINGERPRINT, `${at}.certificateHashes`, problems) }),
    ...(names.length === 0 ? {} : { subjectAltNames: names }),
    ...(lists?.ok === true
      ? { revocations: { lists: lists.value, leafOnly: spec.crl?.onlyVerifyLeafCertificate ?? false } }
      : {}),
    ...(spec.allowExpiredCertificate === true ? { takesExpired: true as const } : {}),
  };
}

/** ITU-T X.660: at least two arcs, the first of them 0, 1 or 2. */
const OID = /^[0-2](?:\.(?:0|[1-9]\d{0,8}))+$/u;

const NAME_TYPES = { dnsNames: 'dns', emailAddresses: 'email', ipAddresses: 'ip', uris: 'uri' } as const;

/** As Envoy takes them (`CertificateValidationContext.verify_certificate_spki`, `verify_certificate_hash`). */
const SPKI = { pattern: /^[A-Za-z0-9+/]{43}=$/u, what: 'base64 of 32 bytes' };
const FINGERPRINT = {
  pattern: /^(?:[0-9A-Fa-f]{64}|(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2})$/u,
  what: 'hexadecimal of 32 bytes',
};

function checked(
  hashes: readonly string[],
  { pattern, what }: typeof SPKI,
  field: string,
  problems: Problems,
): readonly string[] {
  const bad = hashes.find((hash) => !pattern.test(hash));
  if (bad !== undefined) problems.add(field, `found ${bad}, accepted is ${what}`);
  return hashes;
}
