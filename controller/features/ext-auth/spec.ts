import type { ContextExtension, ExtAuth } from '#controller/api/gen/types.d.ts';
import { resolveBackends } from '../../backends/resolve.ts';
import type { ExternalAuthIr } from '../../ir/external-auth.ts';
import { milliseconds } from '../../resources/duration.ts';
import { ownMember } from '../../resources/own-member.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { clusterAs } from '../backend-settings/spec.ts';

/** Where an `extAuth` stands: the namespaces in which its parts look for what they refer to. */
export interface ExtAuthPlace {
  readonly namespaceOf: (part: object) => string;
  readonly resources: Resources;
  readonly settings: Settings;
}

/** Resolves `extAuth` of a SecurityPolicy; messages start with the field. */
export function resolveExtAuth(spec: ExtAuth, place: ExtAuthPlace): Outcome<ExternalAuthIr, 'Invalid'> {
  const { grpc, http } = spec;
  const service = grpc ?? http;
  const field = grpc === undefined ? 'extAuth.http' : 'extAuth.grpc';
  if (service === undefined) return refusal('Invalid', 'extAuth: found neither grpc nor http, accepted is one of them');
  const refs = service.backendRefs ?? (service.backendRef === undefined ? [] : [service.backendRef]);
  const [ref] = refs;
  if (ref === undefined) return refusal('Invalid', `${field}.backendRefs: found none, accepted is one or more`);
  const from = { group: 'gateway.envoyproxy.io', kind: 'SecurityPolicy', namespace: place.namespaceOf(service) };
  const protocol = grpc === undefined ? undefined : 'http2';
  const found = resolveBackends(refs, `${field}.backendRefs`, from, place.resources, place.settings, protocol);
  if (!found.ok) return found;
  const cluster = clusterAs(found.value, service.backendSettings, ref.name, `${field}.backendSettings`);
  if (!cluster.ok) return cluster;
  const context = contextOf(spec.contextExtensions ?? [], place);
  if (!context.ok) return context;
  return success({
    cluster: cluster.value,
    service:
      http === undefined
        ? { kind: 'grpc' }
        : {
            kind: 'http',
            pathPrefix: http.path ?? '',
            pathOverride: http.pathOverride,
            toRequest: lowerCase(http.headersToBackend),
          },
    headers: lowerCase(spec.headersToExtAuth),
    maxBody: spec.bodyToExtAuth?.maxRequestBytes ?? 0,
    timeout: milliseconds(spec.timeout),
    failOpen: spec.failOpen,
    recomputesRoute: spec.recomputeRoute ?? false,
    statusOnError: spec.statusOnError,
    context: context.value,
  });
}

/** Everybody who may look at a proxy sees them: a Secret is no source. */
function contextOf(
  extensions: readonly ContextExtension[],
  { namespaceOf, resources }: ExtAuthPlace,
): Outcome<ReadonlyMap<string, string>, 'Invalid'> {
  const found = new Map<string, string>();
  for (const [index, extension] of extensions.entries()) {
    const at = `extAuth.contextExtensions[${index}]`;
    const { name, value, valueRef: ref } = extension;
    if (ref === undefined) {
      found.set(name, value ?? '');
      continue;
    }
    if (ref.group !== '' || ref.kind !== 'ConfigMap') {
      return refusal(
        'Invalid',
        `${at}.valueRef: found kind ${ref.kind} of group "${ref.group}", accepted is ConfigMap of group ""`,
      );
    }
    const namespace = namespaceOf(extension);
    const text = ownMember(resources.get('ConfigMap', namespace, ref.name)?.data, ref.key);
    if (text === undefined) {
      return refusal(
        'Invalid',
        `${at}.valueRef: ConfigMap ${namespace}/${ref.name} does not exist or has no key ${ref.key}`,
      );
    }
    found.set(name, text);
  }
  return success(found);
}

function lowerCase(names: readonly string[] = []): readonly string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort();
}
