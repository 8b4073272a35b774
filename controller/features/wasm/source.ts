import type { WasmCodeSource, WasmCodeSourceTLSConfig } from '#controller/api/gen/types.d.ts';
import { formatReference, type ImageReference, parseReference } from '../../oci/reference.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { ModuleWant } from '../../resources/wants.ts';
import { resolveTrust, trustSecret } from '../../tls/trust.ts';
import { resolvePullSecret } from './pull-secret.ts';

/** How often it is looked whether a tag, or a URL, leads elsewhere by now, where the policy asks for that. Milliseconds. */
const ALWAYS = 300_000;
/** What is had once is kept: there is no reason to ask again. */
const NEVER = Infinity;
/** The pause before a first failure is made good; it grows. Milliseconds. */
const RETRY = 1_000;

/** What the code of a filter is, as something to be fetched; `namespace` is that of whoever says so. */
export function resolveSource(
  code: WasmCodeSource,
  path: string,
  namespace: string,
  resources: Resources,
): Outcome<ModuleWant, 'Invalid'> {
  switch (code.type) {
    case 'Image':
      return trusting(imageWant(code, `${path}.image`, namespace, resources), code.image?.tls, `${path}.image`, {
        namespace,
        resources,
      });
    case 'HTTP':
      return trusting(urlWant(code, `${path}.http`), code.http?.tls, `${path}.http`, { namespace, resources });
    default:
      return code.type satisfies never;
  }
}

/** The want of somebody who trusts the authority that `tls` names, too. */
function trusting(
  want: Outcome<ModuleWant, 'Invalid'>,
  tls: WasmCodeSourceTLSConfig | undefined,
  path: string,
  { namespace, resources }: { readonly namespace: string; readonly resources: Resources },
): Outcome<ModuleWant, 'Invalid'> {
  if (tls === undefined || !want.ok) return want;
  const from = { group: 'gateway.envoyproxy.io', kind: 'EnvoyExtensionPolicy', namespace };
  const bundle = resolveTrust([tls.caCertificateRef], from, `${path}.tls.caCertificateRef`, resources);
  if (!bundle.ok) return refusal('Invalid', bundle.refusal.message);
  const authorities = trustSecret(bundle.value, resources)?.certificates;
  return authorities === undefined ? want : success({ ...want.value, authorities });
}

function imageWant(
  { image, pullPolicy }: WasmCodeSource,
  path: string,
  namespace: string,
  resources: Resources,
): Outcome<ModuleWant, 'Invalid'> {
  if (image === undefined) return refusal('Invalid', `${path}: found none, it is needed`);
  const parsed = parseReference(image.url);
  if (!parsed.ok) return refusal('Invalid', `${path}.url: ${parsed.refusal.message}`);
  const sha256 = digestIn(image.sha256, `${path}.sha256`);
  if (!sha256.ok) return sha256;
  const reference = parsed.value;
  if (reference.digest !== undefined && sha256.value !== undefined && reference.digest !== sha256.value) {
    return refusal('Invalid', `${path}.sha256: found ${image.sha256}, the url says ${reference.digest}`);
  }
  const secret =
    image.pullSecretRef === undefined
      ? success(undefined)
      : resolvePullSecret(image.pullSecretRef, `${path}.pullSecretRef`, namespace, reference, resources);
  if (!secret.ok) return secret;
  const digest = sha256.value ?? reference.digest;
  return success({
    kind: 'Module',
    source: {
      kind: 'image',
      reference: formatReference({ ...reference, digest }),
      credentials: secret.value === undefined ? { kind: 'none' } : { kind: 'secret', secret: secret.value },
    },
    refresh: refreshOf({ ...reference, digest }, pullPolicy),
    retry: RETRY,
  });
}

/** The `policy` module out of an image that the operator names; it is pulled with the credentials of the operator. */
export function policyImageWant(reference: ImageReference): ModuleWant {
  return {
    kind: 'Module',
    source: { kind: 'image', reference: formatReference(reference), credentials: { kind: 'user' } },
    refresh: refreshOf(reference, undefined),
    retry: RETRY,
  };
}

/** IfNotPresent is the default, save for the tag that is meant to move (Envoy Gateway, `pullPolicy`). A digest never does. */
function refreshOf({ tag, digest }: ImageReference, pullPolicy: WasmCodeSource['pullPolicy']): number {
  const isAskedAgain = pullPolicy === 'Always' || (pullPolicy === undefined && tag === 'latest');
  return digest === undefined && isAskedAgain ? ALWAYS : NEVER;
}

function urlWant({ http, pullPolicy }: WasmCodeSource, path: string): Outcome<ModuleWant, 'Invalid'> {
  if (http === undefined) return refusal('Invalid', `${path}: found none, it is needed`);
  const url = URL.parse(http.url);
  if (url === null || !/^https?:$/u.test(url.protocol) || url.username !== '' || url.password !== '') {
    return refusal('Invalid', `${path}.url: accepted is an http or https URL without user name and password`);
  }
  const sha256 = digestIn(http.sha256, `${path}.sha256`);
  if (!sha256.ok) return sha256;
  return success({
    kind: 'Module',
    source: { kind: 'url', url: http.url, digest: sha256.value },
    refresh: sha256.value === undefined && pullPolicy === 'Always' ? ALWAYS : NEVER,
    retry: RETRY,
  });
}

function digestIn(sha256: string | undefined, path: string): Outcome<string | undefined, 'Invalid'> {
  if (sha256 === undefined || sha256 === '') return success(undefined);
  const hex = sha256.replace(/^sha256:/u, '').toLowerCase();
  if (/^[0-9a-f]{64}$/u.test(hex)) return success(`sha256:${hex}`);
  return refusal('Invalid', `${path}: found ${sha256}, of ${hex.length} digits; accepted are 64 hexadecimal digits`);
}
