import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Gateway, Listener, Secret, SecretObjectReference } from '#controller/api/gen/types.d.ts';
import type { SecretIr } from '../ir/secret.ts';
import { mayRefer } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';

/** Why a listener has no certificate (condition ResolvedRefs of a listener). */
export type CertificateReason = 'InvalidCertificateRef' | 'RefNotPermitted';

/** The certificates of a listener that terminates TLS (Gateway API, `ListenerTLSConfig.certificateRefs`). */
export function listenerCertificates(
  gateway: Gateway,
  { name, tls }: Listener,
  resources: Resources,
): Outcome<readonly SecretIr[], CertificateReason> {
  const refs = tls?.certificateRefs ?? [];
  const at = `listener ${name}: tls.certificateRefs`;
  if (refs.length === 0) return refusal('InvalidCertificateRef', `${at}: found none, TLS needs a certificate`);
  const certificates: SecretIr[] = [];
  for (const [index, ref] of refs.entries()) {
    const found = certificateOf(gateway, ref, `${at}[${index}]`, resources);
    if (!found.ok) return found;
    certificates.push(found.value);
  }
  return success(certificates);
}

function certificateOf(
  { metadata }: Gateway,
  ref: SecretObjectReference,
  at: string,
  resources: Resources,
): Outcome<SecretIr, CertificateReason> {
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return refusal(
      'InvalidCertificateRef',
      `${at}: found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`,
    );
  }
  const namespace = ref.namespace ?? metadata.namespace;
  const from = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: metadata.namespace };
  if (!mayRefer(from, { group: '', kind: 'Secret', namespace, name: ref.name }, resources)) {
    return refusal(
      'RefNotPermitted',
      `${at}: no ReferenceGrant in namespace ${namespace} lets Gateways of namespace ${metadata.namespace} refer to Secret ${ref.name}`,
    );
  }
  const secret = resources.get('Secret', namespace, ref.name);
  if (secret === undefined)
    return refusal('InvalidCertificateRef', `${at}: Secret ${namespace}/${ref.name} does not exist`);
  const parsed = certificateIn(secret, resources);
  return parsed.ok ? parsed : refusal('InvalidCertificateRef', `${at}: ${parsed.refusal.message}`);
}

const certificateIn = remembered((secret: Secret): Outcome<SecretIr, 'InvalidCertificateRef'> => {
  const { namespace, name } = secret.metadata;
  const object = `Secret ${namespace}/${name}`;
  if (secret.type !== 'kubernetes.io/tls') {
    return refusal('InvalidCertificateRef', `${object}: type: found ${secret.type}, accepted is kubernetes.io/tls`);
  }
  const certificateChain = textOf(secret, 'tls.crt');
  const privateKey = textOf(secret, 'tls.key');
  const problem = pairProblem(certificateChain, privateKey);
  if (problem !== undefined) return refusal('InvalidCertificateRef', `${object}: ${problem}`);
  return success({ name: `${namespace}/${name}`, certificateChain, privateKey });
});

function textOf({ data, stringData }: Secret, key: string): string {
  return stringData?.[key] ?? Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}

/** What is wrong with a certificate and its key, or `undefined`. Nothing of the key is in it. */
function pairProblem(certificateChain: string, privateKey: string): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificateChain);
  } catch {
    return 'tls.crt is no PEM certificate';
  }
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKey)) ? undefined : 'tls.key is not the key of tls.crt';
  } catch {
    return 'tls.key is no PEM private key';
  }
}
