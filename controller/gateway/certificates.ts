import type { Gateway, Listener, ListenerSet, SecretObjectReference } from '#controller/api/gen/types.d.ts';
import type { CertificateIr } from '../ir/secret.ts';
import { mayRefer } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, type Refusal } from '../resources/verdict.ts';
import { certificateIn } from '../tls/certificate.ts';

/** Why a listener has no certificate (condition ResolvedRefs of a listener). */
export type CertificateReason = 'InvalidCertificateRef' | 'PartiallyInvalidCertificateRef' | 'RefNotPermitted';

/** What the references of a listener that terminates TLS come to. */
export interface ListenerCertificates {
  readonly certificates: readonly CertificateIr[];
  /** Why some of them cannot be had, or `undefined`. */
  readonly missing: Refusal<CertificateReason> | undefined;
}

/**
 * The certificates of a listener that terminates TLS (Gateway API, `ListenerTLSConfig.certificateRefs`). It is served with
 * those that there are; the reason where some are missing is Envoy Gateway's.
 */
export function listenerCertificates(
  owner: Gateway | ListenerSet,
  { name, tls }: Listener,
  resources: Resources,
): ListenerCertificates {
  const at = `listener ${name}: tls.certificateRefs`;
  const found = (tls?.certificateRefs ?? []).map((ref, index) =>
    certificateOf(owner, ref, `${at}[${index}]`, resources),
  );
  const certificates = found.flatMap((one) => (one.ok ? [one.value] : []));
  const refusals = found.flatMap((one) => (one.ok ? [] : [one.refusal]));
  if (refusals.length === 0) return { certificates, missing: undefined };
  const message = refusals.map((one) => one.message).join('; ');
  return { certificates, missing: { reason: reasonOf(refusals, certificates.length > 0), message } };
}

function reasonOf(refusals: readonly Refusal<CertificateReason>[], isServed: boolean): CertificateReason {
  if (isServed) return 'PartiallyInvalidCertificateRef';
  return refusals.every(({ reason }) => reason === 'RefNotPermitted') ? 'RefNotPermitted' : 'InvalidCertificateRef';
}

function certificateOf(
  { kind, metadata }: Gateway | ListenerSet,
  ref: SecretObjectReference,
  at: string,
  resources: Resources,
): Outcome<CertificateIr, CertificateReason> {
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return refusal(
      'InvalidCertificateRef',
      `${at}: found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`,
    );
  }
  const namespace = ref.namespace ?? metadata.namespace;
  const from = { group: 'gateway.networking.k8s.io', kind, namespace: metadata.namespace };
  if (!mayRefer(from, { group: '', kind: 'Secret', namespace, name: ref.name }, resources)) {
    return refusal(
      'RefNotPermitted',
      `${at}: no ReferenceGrant in namespace ${namespace} lets ${kind}s of namespace ${metadata.namespace} refer to Secret ${ref.name}`,
    );
  }
  const secret = resources.get('Secret', namespace, ref.name);
  if (secret === undefined)
    return refusal('InvalidCertificateRef', `${at}: Secret ${namespace}/${ref.name} does not exist`);
  const parsed = certificateIn(secret, resources.now());
  return parsed.ok ? parsed : refusal('InvalidCertificateRef', `${at}: ${parsed.refusal.message}`);
}
