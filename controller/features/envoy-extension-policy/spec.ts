import type { EnvoyExtensionPolicy } from '#controller/api/gen/types.d.ts';
import type { ExtProcIr } from '../../ir/ext-proc.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import type { Resources } from '../../resources/resources.ts';
import { type Outcome, refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { resolveExtProc } from '../ext-proc/spec.ts';

/** The parts of an EnvoyExtensionPolicy that this version does not implement: a policy that has one is refused whole. */
const NOT_YET = ['mergeType', 'wasm', 'lua', 'dynamicModule'] as const;

/** What an EnvoyExtensionPolicy adds to a route. */
export function resolveEnvoyExtensionPolicy(
  { metadata, spec }: EnvoyExtensionPolicy,
  resources: Resources,
  settings: Settings,
): Outcome<RouteFeaturesIr, 'Invalid'> {
  const { namespace, name } = metadata;
  const object = `EnvoyExtensionPolicy ${namespace}/${name}`;
  const missing = NOT_YET.find((field) => spec[field] !== undefined);
  if (missing !== undefined) return refusal('Invalid', `${object}: spec.${missing} is not implemented in this version`);
  const extProc: ExtProcIr[] = [];
  for (const [index, processor] of (spec.extProc ?? []).entries()) {
    const found = resolveExtProc(processor, { namespace, policy: name, index }, resources, settings);
    if (!found.ok) return refusal('Invalid', `${object}: spec.${found.refusal.message}`);
    extProc.push(found.value);
  }
  return success({ extProc });
}
