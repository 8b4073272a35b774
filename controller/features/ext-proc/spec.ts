import type { ExtProc, ProcessingModeOptions } from '#controller/api/gen/types.d.ts';
import { resolveBackends } from '../../backends/resolve.ts';
import type { ExtProcIr, ProcessingIr } from '../../ir/ext-proc.ts';
import { parseDuration } from '../../resources/duration.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { clusterAs } from '../backend-settings/spec.ts';

/** The policy that a processor stands in, and its place there. */
export interface ExtProcPlace {
  readonly namespace: string;
  readonly policy: string;
  readonly index: number;
}

/** Resolves one entry of `extProc` of an EnvoyExtensionPolicy; messages start with the field. */
export function resolveExtProc(
  spec: ExtProc,
  { namespace, policy, index }: ExtProcPlace,
  resources: Resources,
  settings: Settings,
): Outcome<ExtProcIr, 'Invalid'> {
  const path = `extProc[${index}]`;
  const refs = spec.backendRefs ?? (spec.backendRef === undefined ? [] : [spec.backendRef]);
  const [ref] = refs;
  if (ref === undefined) return refusal('Invalid', `${path}.backendRefs: found none, accepted is one or more`);
  const from = { group: 'gateway.envoyproxy.io', kind: 'EnvoyExtensionPolicy', namespace };
  const found = resolveBackends(refs, `${path}.backendRefs`, from, resources, settings, 'http2');
  if (!found.ok) return found;
  const cluster = clusterAs(found.value, spec.backendSettings, ref.name, `${path}.backendSettings`);
  if (!cluster.ok) return cluster;
  const { accessibleNamespaces = [], writableNamespaces = [] } = spec.metadata ?? {};
  const ours = writableNamespaces.find((name) => name.startsWith(OUR_NAMESPACES));
  if (ours !== undefined) {
    return refusal(
      'Invalid',
      `${path}.metadata.writableNamespaces: found ${ours}, accepted are names that do not start with ${OUR_NAMESPACES}`,
    );
  }
  const messageTimeout = spec.messageTimeout === undefined ? undefined : parseDuration(spec.messageTimeout);
  return success({
    name: `${namespace}/${policy}/${index}`,
    cluster: cluster.value,
    failOpen: spec.failOpen,
    messageTimeout,
    request: processing(spec.processingMode?.request),
    response: processing(spec.processingMode?.response),
    allowModeOverride: spec.processingMode?.allowModeOverride ?? false,
    shadow: spec.shadowMode ?? false,
    accessibleNamespaces,
    writableNamespaces,
    statusOnError: spec.statusOnError,
  });
}

/** What policies of ours say to each other is no processor's to write. */
const OUR_NAMESPACES = 'sluice';

const BODY = {
  Streamed: 'streamed',
  Buffered: 'buffered',
  BufferedPartial: 'bufferedPartial',
  FullDuplexStreamed: 'fullDuplexStreamed',
} as const;

function processing(options: ProcessingModeOptions | undefined): ProcessingIr | undefined {
  if (options === undefined) return undefined;
  return { body: options.body === undefined ? 'none' : BODY[options.body], attributes: options.attributes ?? [] };
}
