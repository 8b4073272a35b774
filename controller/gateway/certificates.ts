import type { Gateway, Listener, ListenerSet, SecretObjectReference } from '#controller/api/gen/types.d.ts';
import type { CertificateIr } from '../ir/secret.ts';
import { mayRefer } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { certificateIn } from '../tls/certificate.ts';

/** Why a listener has no certificate (condition ResolvedRefs of a listener). */
export type CertificateReason = 'InvalidCertificateRef' | 'RefNotPermitted';

/** The certificates of a listener that terminates TLS (Gateway API, `ListenerTLSConfig.certificateRefs`). */
export function listenerCertificates(
  owner: Gateway | ListenerSet,
  { name, tls }: Listener,
  resources: Resources,
): Outcome<readonly CertificateIr[], CertificateReason> {
  const refs = tls?.certificateRefs ?? [];
  const at = `listener ${name}: tls.certificateRefs`;
  if (refs.length === 0) return refusal('InvalidCertificateRef', `${at}: found none, TLS needs a certificate`);
  const certificates: CertificateIr[] = [];
  for (const [index, ref] of refs.entries()) {
    const found = certificateOf(owner, ref, `${at}[${index}]`, resources);
    if (!found.ok) return found;
    certificates.push(found.value);
  }
  return success(certificates);
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
