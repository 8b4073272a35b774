import type { Gateway, Listener } from '#controller/api/gen/types.d.ts';
import type { ClientValidationIr } from '../ir/client-validation.ts';
import type { CertificateIr } from '../ir/secret.ts';
import { mayRefer } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { remembered } from '../resources/tracked.ts';
import { type Outcome, type Refusal, refusal, success, type Verdict } from '../resources/verdict.ts';
import { certificateIn } from '../tls/certificate.ts';
import { resolveTrust, type TrustReason } from '../tls/trust.ts';

/** Why a Gateway's certificate for back-ends cannot be had (condition ResolvedRefs of the Gateway). */
type ClientCertificateReason = 'InvalidClientCertificateRef' | 'RefNotPermitted';

/** Why a listener cannot validate clients (conditions ResolvedRefs and, always NoValidCACertificate, Accepted). */
export type ClientValidationReason = 'InvalidCACertificateKind' | 'InvalidCACertificateRef' | 'RefNotPermitted';

/** What `spec.tls` of a Gateway comes to (Gateway API, GEP-3155 and GEP-91). */
export interface GatewayTls {
  /** What back-ends are shown that are spoken to by TLS. */
  readonly clientCertificate: CertificateIr | undefined;
  readonly verdicts: readonly Verdict[];
}

const NO_TLS: GatewayTls = { clientCertificate: undefined, verdicts: [] };

/** Resolves what a Gateway says of TLS beside its listeners; nothing is said where it says nothing. */
export const gatewayTls: (gateway: Gateway, resources: Resources) => GatewayTls = remembered(
  (gateway: Gateway, resources) => {
    const { tls } = gateway.spec;
    if (tls === undefined) return NO_TLS;
    const certificate = clientCertificate(gateway, resources);
    const ports = [...new Set(gateway.spec.listeners.filter(isHttps).map(({ port }) => port))];
    const validations = ports.map((port) => clientValidation(gateway, port, resources));
    const refused = certificate.ok ? frontendRefusal(validations) : certificate.refusal;
    const resolved: Verdict =
      refused === undefined
        ? {
            type: 'ResolvedRefs',
            status: 'True',
            reason: 'ResolvedRefs',
            message: 'Every reference of spec.tls is good',
          }
        : { type: 'ResolvedRefs', status: 'False', ...refused };
    return {
      clientCertificate: certificate.ok ? certificate.value : undefined,
      verdicts: isInsecure(gateway) ? [resolved, INSECURE] : [resolved],
    };
  },
);

/** The listeners say it, each with the reason of its own. */
function frontendRefusal(validations: readonly ReturnType<typeof clientValidation>[]): Refusal | undefined {
  const refused = validations.find((outcome) => !outcome.ok);
  return refused?.ok === false ? { reason: 'InvalidParameters', message: refused.refusal.message } : undefined;
}

/** Gateway API, GatewayConditionInsecureFrontendValidationMode. */
const INSECURE: Verdict = {
  type: 'InsecureFrontendValidationMode',
  status: 'True',
  reason: 'ConfigurationChanged',
  message: 'spec.tls.frontend: with AllowInsecureFallback clients are let in without a certificate that can be trusted',
};

function isInsecure({ spec }: Gateway): boolean {
  const { frontend } = spec.tls ?? {};
  const all = [frontend?.default.validation, ...(frontend?.perPort ?? []).map(({ tls }) => tls.validation)];
  return all.some((validation) => validation?.mode === 'AllowInsecureFallback');
}

function isHttps({ protocol }: Listener): boolean {
  return protocol === 'HTTPS';
}

function clientCertificate(
  { metadata, spec }: Gateway,
  resources: Resources,
): Outcome<CertificateIr | undefined, ClientCertificateReason> {
  const ref = spec.tls?.backend?.clientCertificateRef;
  if (ref === undefined) return success(undefined);
  const at = 'spec.tls.backend.clientCertificateRef';
  const invalid = (message: string) => refusal('InvalidClientCertificateRef', `${at}: ${message}`);
  if (ref.group !== '' || ref.kind !== 'Secret') {
    return invalid(`found kind ${ref.kind} of group "${ref.group}", accepted is Secret of group ""`);
  }
  const namespace = ref.namespace ?? metadata.namespace;
  const from = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: metadata.namespace };
  if (!mayRefer(from, { group: '', kind: 'Secret', namespace, name: ref.name }, resources)) {
    const message = `${at}: no ReferenceGrant in namespace ${namespace} lets Gateways of namespace ${metadata.namespace} refer to Secret ${ref.name}`;
    return refusal('RefNotPermitted', message);
  }
  const secret = resources.get('Secret', namespace, ref.name);
  if (secret === undefined) return invalid(`Secret ${namespace}/${ref.name} does not exist`);
  const found = certificateIn(secret, resources.now());
  return found.ok ? found : invalid(found.refusal.message);
}

/** What clients of an HTTPS port have to show; what is said of the port goes before the default, whole. */
export function clientValidation(
  { metadata, spec }: Gateway,
  port: number,
  resources: Resources,
): Outcome<ClientValidationIr | undefined, ClientValidationReason> {
  const { frontend } = spec.tls ?? {};
  if (frontend === undefined) return success(undefined);
  const index = (frontend.perPort ?? []).findIndex((one) => one.port === port);
  const own = frontend.perPort?.[index];
  const validation = own === undefined ? frontend.default.validation : own.tls.validation;
  if (validation === undefined) return success(undefined);
  const place = own === undefined ? 'default' : `perPort[${index}].tls`;
  const at = `spec.tls.frontend.${place}.validation.caCertificateRefs`;
  const from = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: metadata.namespace };
  const trust = resolveTrust(validation.caCertificateRefs, from, at, resources, 'clients');
  if (!trust.ok) return refusal(REASONS[trust.refusal.reason], trust.refusal.message);
  const isStrict = validation.mode === 'AllowValidOnly';
  return success({ trust: trust.value, required: isStrict, takesUntrusted: !isStrict });
}

const REASONS = {
  InvalidKind: 'InvalidCACertificateKind',
  InvalidCACertificateRef: 'InvalidCACertificateRef',
  RefNotPermitted: 'RefNotPermitted',
} as const satisfies { readonly [R in TrustReason]: ClientValidationReason };
