import type { ExtProc, ProcessingModeOptions } from '#controller/api/gen/types.d.ts';
import { resolveBackend } from '../../backends/resolve.ts';
import type { ExtProcIr, ProcessingIr } from '../../ir/ext-proc.ts';
import { parseDuration } from '../../resources/duration.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';

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
  if (ref === undefined || refs.length > 1) {
    return refusal('Invalid', `${path}.backendRefs: found ${refs.length}, accepted is exactly one`);
  }
  const from = { group: 'gateway.envoyproxy.io', kind: 'EnvoyExtensionPolicy', namespace };
  const cluster = resolveBackend(ref, from, resources, settings, 'http2');
  if (!cluster.ok) return refusal('Invalid', `${path}.backendRefs[0]: ${cluster.refusal.message}`);
  const messageTimeout = spec.messageTimeout === undefined ? undefined : parseDuration(spec.messageTimeout);
  return success({
    name: `${namespace}/${policy}/${index}`,
    cluster: cluster.value,
    failOpen: spec.failOpen,
    messageTimeout,
    request: processing(spec.processingMode?.request),
    response: processing(spec.processingMode?.response),
  });
}

const BODY = {
  Streamed: 'streamed',
  Buffered: 'buffered',
  BufferedPartial: 'bufferedPartial',
  FullDuplexStreamed: 'fullDuplexStreamed',
} as const;

function processing(options: ProcessingModeOptions | undefined): ProcessingIr | undefined {
  if (options === undefined) return undefined;
  return { body: options.body === undefined ? 'none' : BODY[options.body] };
}
