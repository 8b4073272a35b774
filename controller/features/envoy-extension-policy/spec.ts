import type { EnvoyExtensionPolicy } from '#controller/api/gen/types.d.ts';
import type { ExtProcIr } from '../../ir/ext-proc.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { resolveExtProc } from '../ext-proc/spec.ts';

/** What an EnvoyExtensionPolicy adds to a route. */
export function resolveEnvoyExtensionPolicy(
  policy: EnvoyExtensionPolicy,
  resources: Resources,
  settings: Settings,
): Outcome<RouteFeaturesIr, 'Invalid'> {
  const { metadata, spec } = policy;
  const { namespace, name } = metadata;
  const object = `EnvoyExtensionPolicy ${namespace}/${name}`;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { ok: false, refusal: missing };
  const extProc: ExtProcIr[] = [];
  for (const [index, processor] of (spec.extProc ?? []).entries()) {
    const found = resolveExtProc(processor, { namespace, policy: name, index }, resources, settings);
    if (!found.ok) return refusal('Invalid', `${object}: spec.${found.refusal.message}`);
    extProc.push(found.value);
  }
  return success({ extProc });
}
