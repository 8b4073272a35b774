import { X509Certificate } from 'node:crypto';
import type { ConfigMap, Secret } from '#controller/api/gen/types.d.ts';
import { once } from '../ir/once.ts';
import type { TrustIr } from '../ir/secret.ts';
import type { TrustBundleIr, TrustSourceIr } from '../ir/upstream-tls.ts';
import { mayRefer, type ReferenceEnd } from '../resources/reference-grants.ts';
import type { Resources } from '../resources/resources.ts';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { windowOf } from './certificate.ts';
import { dataOf, keysOf } from './data.ts';
import { type Window, windowProblem } from './window.ts';

/** Why authorities cannot be had. */
export type TrustReason = 'InvalidKind' | 'InvalidCACertificateRef' | 'RefNotPermitted';

/** A reference to certificates of authorities. */
export interface TrustReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/**
 * Resolves references to authorities, each to a ConfigMap or Secret with certificates in PEM. One that cannot be used spoils
 * all: what it would have let in stays out, and nobody is let in by the others alone without being told. Whom it is about are
 * back-ends, unless they are `clients`: a certificate that is shown to them says nothing of whom to let in.
 */
export function resolveTrust(
  refs: readonly TrustReference[],
  from: ReferenceEnd,
  at: string,
  resources: Resources,
  whom: 'back-ends' | 'clients' = 'back-ends',
): Outcome<TrustBundleIr, TrustReason> {
  const sources: TrustSourceIr[] = [];
  for (const [index, ref] of refs.entries()) {
    const found = sourceOf(ref, from, `${at}[${index}]`, resources);
    if (!found.ok) return found;
    const { kind, metadata } = found.value;
    if (whom === 'clients' && keyOf(found.value, ['ca.crt']) === undefined) {
      const object = `${kind} ${metadata.namespace}/${metadata.name}`;
      return refusal('InvalidCACertificateRef', `${at}[${index}]: ${object}: ca.crt: found none`);
    }
    sources.push({ kind, namespace: metadata.namespace, name: metadata.name });
  }
  const name = sources.map((source) => `${source.kind}/${source.namespace}/${source.name}`).join(',');
  return success({ kind: 'bundle', name: `ca/${name}`, sources });
}

function sourceOf(
  ref: TrustReference,
  from: ReferenceEnd,
  at: string,
  resources: Resources,
): Outcome<ConfigMap | Secret, TrustReason> {
  const object = referred(ref, from, at, resources);
  if (!object.ok) return object;
  const certificates = certificatesIn(object.value, resources.now());
  return certificates.ok ? object : refusal('InvalidCACertificateRef', `${at}: ${certificates.refusal.message}`);
}

/** The ConfigMap or Secret that a reference means. */
export function referred(
  { group, kind, name, namespace = '' }: TrustReference,
  from: ReferenceEnd,
  at: string,
  resources: Resources,
): Outcome<ConfigMap | Secret, TrustReason> {
  if (group !== '' || (kind !== 'ConfigMap' && kind !== 'Secret')) {
    const message = `${at}: found kind ${kind} of group "${group}", accepted are ConfigMap and Secret of group ""`;
    return refusal('InvalidKind', message);
  }
  const source: TrustSourceIr = { kind, namespace: namespace === '' ? from.namespace : namespace, name };
  if (!mayRefer(from, { group, ...source }, resources)) {
    const message = `${at}: no ReferenceGrant in namespace ${source.namespace} lets ${from.kind}s of namespace ${from.namespace} refer to ${kind} ${name}`;
    return refusal('RefNotPermitted', message);
  }
  const object = objectOf(source, resources);
  if (object === undefined) {
    return refusal('InvalidCACertificateRef', `${at}: ${kind} ${source.namespace}/${name} does not exist`);
  }
  return success(object);
}

function objectOf({ kind, namespace, name }: TrustSourceIr, resources: Resources): ConfigMap | Secret | undefined {
  return resources.get(kind, namespace, name);
}

/** What a bundle is made of now; `undefined` when a part of it cannot be had. */
export function trustSecret({ name, sources }: TrustBundleIr, resources: Resources): TrustIr | undefined {
  const parts = sources.map((source) => {
    const object = objectOf(source, resources);
    return object === undefined ? undefined : certificatesIn(object, resources.now());
  });
  const texts = parts.flatMap((part) => (part?.ok === true ? [part.value] : []));
  return texts.length === parts.length ? { kind: 'trust', name, certificates: texts.join('\n') } : undefined;
}

/** The key of authorities, and the one where older tools put them. */
const KEYS = ['ca.crt', 'tls.crt'] as const;

/** Authorities as they are whatever the time, and when each of them is good. */
interface Authorities {
  readonly found: Outcome<string, 'InvalidCACertificateRef'>;
  readonly windows: readonly Window[];
}

/** The first of some keys that an object has, else its only key (Envoy Gateway 1.9). */
function keyOf(object: ConfigMap | Secret, wanted: readonly string[]): string | undefined {
  const keys = keysOf(object);
  return wanted.find((one) => keys.includes(one)) ?? (keys.length === 1 ? keys[0] : undefined);
}

/**
 * The certificates under `ca.crt`, else under `tls.crt`, else under the only key, one PEM block after the other; refused
 * where none of them is good at this time. One that is over beside one that is good stays: Envoy trusts nobody by it.
 */
function certificatesIn(object: ConfigMap | Secret, now: number): Outcome<string, 'InvalidCACertificateRef'> {
  const { found, windows } = authoritiesIn(object);
  if (!found.ok) return found;
  const problems = windows.map((window) => windowProblem(window, now));
  if (problems.includes(undefined)) return found;
  const { kind, metadata } = object;
  const message = `${kind} ${metadata.namespace}/${metadata.name}: no certificate is good: one ${problems[0] ?? ''}`;
  return refusal('InvalidCACertificateRef', message);
}

/** The certificates under `ca.crt` of a Secret that has a certificate of its own, in PEM; `undefined` where it has none. */
export function authoritiesBeside(secret: Secret): Outcome<string | undefined, 'InvalidCACertificateRef'> {
  return (dataOf(secret, 'ca.crt') ?? '') === '' ? success(undefined) : authoritiesIn(secret).found;
}

/** When the authorities in a Secret or ConfigMap are good; none where it has none. */
export function authorityWindows(object: ConfigMap | Secret): readonly Window[] {
  return authoritiesIn(object).windows;
}

const authoritiesIn = once((object: ConfigMap | Secret): Authorities => {
  const { kind, metadata } = object;
  const key = keyOf(object, KEYS);
  const place = `${kind} ${metadata.namespace}/${metadata.name}`;
  const refused = (message: string): Authorities => ({
    found: refusal('InvalidCACertificateRef', `${place}: ${message}`),
    windows: [],
  });
  if (key === undefined) return refused('ca.crt: found none');
  const blocks = (dataOf(object, key) ?? '').match(PEM_BLOCK) ?? [];
  const windows = blocks.map(windowIn).filter((window) => window !== undefined);
  if (blocks.length === 0 || windows.length < blocks.length) return refused(`${key} has no certificates in PEM`);
  return { found: success(blocks.join('\n')), windows };
});

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/gu;

function windowIn(block: string): Window | undefined {
  try {
    return windowOf(new X509Certificate(block));
  } catch {
    return undefined;
  }
}
