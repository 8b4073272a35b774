import type { BackendTLSPolicy } from '#controller/api/gen/types.d.ts';
import type { InvalidPolicy } from '../resources/invalid-policy.ts';
import { byAge, type Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import { type Outcome, type Refusal, refusal, success } from '../resources/verdict.ts';
import type { SubjectAltNameIr, UpstreamTlsIr } from '../ir/upstream-tls.ts';
import { resolveTrust, type TrustReason } from '../tls/trust.ts';

/** A Service or Backend, as policies target it. */
export interface TlsTarget {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A BackendTLSPolicy, or one that cannot be read. */
export type TlsPolicy = BackendTLSPolicy | InvalidPolicy;

/**
 * The policy in force on a part of a back-end: one for the part alone goes before one for the whole, then the older one, then
 * the first by namespace and name (Gateway API, BackendTLSPolicy.targetRefs). One that cannot be read goes before all.
 */
export function tlsPolicyOf(
  target: TlsTarget,
  section: string | undefined,
  resources: Resources,
): TlsPolicy | undefined {
  const invalid = resources
    .invalidPolicies()
    .find((policy) => policy.kind === 'BackendTLSPolicy' && isInvalidOn(policy, target, section));
  if (invalid !== undefined) return invalid;
  const policies = resources.tlsPolicies(target.namespace, target.name).toSorted(byAge);
  return (
    (section === undefined ? undefined : policies.find((policy) => isOn(policy, target, section))) ??
    policies.find((policy) => isOn(policy, target, undefined))
  );
}

/** Whether a policy targets exactly this part, or the whole where the part is `undefined`. */
export function isOn({ metadata, spec }: BackendTLSPolicy, target: TlsTarget, section: string | undefined): boolean {
  return (
    metadata.namespace === target.namespace &&
    spec.targetRefs.some(
      ({ group, kind, name, sectionName }) =>
        group === target.group && kind === target.kind && name === target.name && sectionName === section,
    )
  );
}

function isInvalidOn({ metadata, targets }: InvalidPolicy, target: TlsTarget, section: string | undefined): boolean {
  return (
    metadata.namespace === target.namespace &&
    targets.some(
      ({ kind, name, sectionName }) =>
        kind === target.kind && name === target.name && (sectionName === undefined || sectionName === section),
    )
  );
}

/** Why a policy is not in force: the reasons of its condition Accepted, and of ResolvedRefs where that is about a reference. */
export interface TlsPolicyRefusal {
  readonly accepted: Refusal<'Invalid' | 'NoValidCACertificate'>;
  readonly resolvedRefs: Refusal<TrustReason> | undefined;
}

/** What a policy comes to. */
export type TlsPolicyOutcome =
  | { readonly ok: true; readonly value: UpstreamTlsIr }
  | { readonly ok: false; readonly refusal: TlsPolicyRefusal };

/** What a BackendTLSPolicy says of connections to its targets (Gateway API, GEP-1897). */
export function resolveTlsPolicy(policy: BackendTLSPolicy, resources: Resources): TlsPolicyOutcome {
  const { metadata, spec } = policy;
  const { validation } = spec;
  const object = `BackendTLSPolicy ${metadata.namespace}/${metadata.name}`;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return refused(missing);
  const names = {
    sni: validation.hostname,
    subjectAltNames: (validation.subjectAltNames ?? []).flatMap(subjectAltName),
  };
  const known = validation.wellKnownCACertificates;
  if (known === 'System') return { ok: true, value: { ...names, trust: { kind: 'system' } } };
  if (known !== undefined) {
    const message = `${object}: spec.validation.wellKnownCACertificates: found ${known}, accepted is System`;
    return refused({ reason: 'Invalid', message });
  }
  const from = { group: 'gateway.networking.k8s.io', kind: 'BackendTLSPolicy', namespace: metadata.namespace };
  const at = `${object}: spec.validation.caCertificateRefs`;
  const trust = resolveTrust(validation.caCertificateRefs ?? [], from, at, resources);
  if (trust.ok) return { ok: true, value: { ...names, trust: trust.value } };
  return refused({ reason: 'NoValidCACertificate', message: trust.refusal.message }, trust.refusal);
}

function refused(
  accepted: TlsPolicyRefusal['accepted'],
  resolvedRefs?: Refusal<TrustReason>,
): { readonly ok: false; readonly refusal: TlsPolicyRefusal } {
  return { ok: false, refusal: { accepted, resolvedRefs } };
}

function subjectAltName(
  san: NonNullable<BackendTLSPolicy['spec']['validation']['subjectAltNames']>[number],
): readonly SubjectAltNameIr[] {
  switch (san.type) {
    case 'Hostname':
      return san.hostname === undefined ? [] : [{ kind: 'dns', value: san.hostname }];
    case 'URI':
      return san.uri === undefined ? [] : [{ kind: 'uri', value: san.uri }];
    default:
      return san.type satisfies never;
  }
}

/** What policies say of a part of a back-end; `undefined` where none does. */
export function policyTls(
  target: TlsTarget,
  section: string | undefined,
  resources: Resources,
): Outcome<UpstreamTlsIr | undefined, 'InvalidBackendTLS'> {
  const policy = tlsPolicyOf(target, section, resources);
  if (policy === undefined) return success(undefined);
  if (!('spec' in policy)) {
    const { namespace, name } = policy.metadata;
    return refusal('InvalidBackendTLS', `BackendTLSPolicy ${namespace}/${name} cannot be read`);
  }
  const found = resolveTlsPolicy(policy, resources);
  return found.ok ? success(found.value) : refusal('InvalidBackendTLS', found.refusal.accepted.message);
}
