import type { Backend, BackendTLSSettings } from '#controller/api/gen/types.d.ts';
import type { UpstreamTlsIr } from '../ir/upstream-tls.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { certificateIn } from '../tls/certificate.ts';
import { tlsParameters } from '../tls/parameters.ts';
import { resolveTrust } from '../tls/trust.ts';
import { policyTls } from './tls-policies.ts';

/** How a Backend is spoken to by TLS; `undefined` for not at all. */
export type BackendTls = Outcome<UpstreamTlsIr | undefined, 'InvalidBackendTLS'>;

/**
 * What a Backend itself and BackendTLSPolicies say. A policy goes before the Backend in what both say: whom to trust, the
 * server name and the names in the certificate (Envoy Gateway API, `BackendTLSSettings`).
 */
export function tlsOfBackend(backend: Backend, resources: Resources): BackendTls {
  const policy = policyOf(backend, resources);
  if (!policy.ok) return policy;
  const { tls } = backend.spec;
  if (tls === undefined) return policy;
  const own = settingsOf(backend, tls, policy.value, resources);
  if (!own.ok || policy.value === undefined) return own;
  const { sniOfEndpoint: _, ...rest } = own.value;
  return success({ ...rest, ...policy.value });
}

/** What is wrong with what a Backend itself says, or `undefined`. */
export function backendTlsProblem(backend: Backend, resources: Resources): string | undefined {
  const { tls } = backend.spec;
  if (tls === undefined) return undefined;
  const policy = policyOf(backend, resources);
  const own = settingsOf(backend, tls, policy.ok ? policy.value : undefined, resources);
  return own.ok ? undefined : own.refusal.message;
}

/** A section of a Backend is a port of its endpoints. A cluster has one way to be spoken to. */
function policyOf({ metadata, spec }: Backend, resources: Resources): BackendTls {
  const target = { group: 'gateway.envoyproxy.io', kind: 'Backend', ...metadata };
  const ports = [...new Set((spec.endpoints ?? []).map(({ ip, fqdn }) => ip?.port ?? fqdn?.port))];
  const outcomes = ports.map((port) => policyTls(target, port === undefined ? undefined : String(port), resources));
  const [first = success(undefined), ...others] = outcomes;
  const isSame = others.every((other) => JSON.stringify(other) === JSON.stringify(first));
  if (isSame) return first;
  return refusal(
    'InvalidBackendTLS',
    `Backend ${metadata.namespace}/${metadata.name}: BackendTLSPolicies differ for ports ${ports.join(', ')} of its endpoints: use a Backend for each`,
  );
}

function settingsOf(
  { metadata }: Backend,
  tls: BackendTLSSettings,
  policy: UpstreamTlsIr | undefined,
  resources: Resources,
): Outcome<UpstreamTlsIr, 'InvalidBackendTLS'> {
  const object = `Backend ${metadata.namespace}/${metadata.name}: spec.tls`;
  const invalid = (message: string) => refusal('InvalidBackendTLS', message);
  const trust = trustOf(metadata.namespace, tls, policy, object, resources);
  if (!trust.ok) return trust;
  const certificate = clientCertificateOf(metadata.namespace, tls, object, resources);
  if (!certificate.ok) return certificate;
  const parameters = tlsParameters(tls, object);
  if (!parameters.ok) return invalid(parameters.refusal.message);
  return success({
    trust: trust.value,
    sni: tls.sni,
    ...(tls.autoSNIFromEndpointHostname === true ? { sniOfEndpoint: true as const } : {}),
    subjectAltNames: [],
    ...(certificate.value === undefined ? {} : { clientCertificate: certificate.value }),
    ...(parameters.value === undefined ? {} : { parameters: parameters.value }),
  });
}

function trustOf(
  namespace: string,
  { insecureSkipVerify, wellKnownCACertificates: known, caCertificateRefs = [] }: BackendTLSSettings,
  policy: UpstreamTlsIr | undefined,
  object: string,
  resources: Resources,
): Outcome<UpstreamTlsIr['trust'], 'InvalidBackendTLS'> {
  // Differs from Envoy Gateway: where a policy says whom to trust, insecureSkipVerify does not undo it.
  if (policy !== undefined) return success(policy.trust);
  if (insecureSkipVerify) return success({ kind: 'unverified' });
  if (known === 'System') return success({ kind: 'system' });
  if (known !== undefined) {
    return refusal('InvalidBackendTLS', `${object}.wellKnownCACertificates: found ${known}, accepted is System`);
  }
  if (caCertificateRefs.length === 0) {
    const message = `${object}: found no caCertificateRefs and no wellKnownCACertificates, one of them is needed unless insecureSkipVerify is true`;
    return refusal('InvalidBackendTLS', message);
  }
  const from = { group: 'gateway.envoyproxy.io', kind: 'Backend', namespace };
  const found = resolveTrust(caCertificateRefs, from, `${object}.caCertificateRefs`, resources);
  return found.ok ? found : refusal('InvalidBackendTLS', found.refusal.message);
}

/** Name of the certificate that is shown to a Backend; it is in the namespace of the Backend. */
function clientCertificateOf(
  own: string,
  { clientCertificateRef: ref }: BackendTLSSettings,
  object: string,
  resources: Resources,
): Outcome<string | undefined, 'InvalidBackendTLS'> {
  if (ref === undefined) return success(undefined);
  const at = `${object}.clientCertificateRef`;
  const invalid = (message: string) => refusal('InvalidBackendTLS', `${at}: ${message}`);
  const namespace = ref.namespace ?? own;
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return invalid(`found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`);
  }
  if (namespace !== own) return invalid(`found namespace ${namespace}, accepted is ${own}, that of the Backend`);
  const secret = resources.get('Secret', namespace, ref.name);
  if (secret === undefined) return invalid(`Secret ${namespace}/${ref.name} does not exist`);
  const found = certificateIn(secret, resources.now());
  return found.ok ? success(found.value.name) : invalid(found.refusal.message);
}
