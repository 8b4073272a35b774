import type { EnvoyExtensionPolicy } from '#controller/api/gen/types.d.ts';
import type { ExtProcIr } from '../../ir/ext-proc.ts';
import type { RouteFeaturesIr } from '../../ir/route.ts';
import type { WasmFilterIr } from '../../ir/wasm-filter.ts';
import { fieldOwner } from '../../policies/merge.ts';
import type { Resources } from '../../resources/resources.ts';
import { unimplementedFields } from '../../resources/unimplemented-fields.ts';
import { type Outcome, refusal, type Refusal, success } from '../../resources/verdict.ts';
import type { Settings } from '../../settings.ts';
import { resolveExtProc } from '../ext-proc/spec.ts';
import { resolveWasm } from '../wasm/spec.ts';

/** What an EnvoyExtensionPolicy adds to a route, and what of it is not there yet. */
export interface ExtensionFeatures {
  readonly features: RouteFeaturesIr;
  /** Why a filter of it has no module; the others are in force. */
  readonly unready: Refusal | undefined;
}

/** Resolves an EnvoyExtensionPolicy, and asks for the modules that it names. */
export function resolveEnvoyExtensionPolicy(
  policy: EnvoyExtensionPolicy,
  resources: Resources,
  settings: Settings,
): Outcome<ExtensionFeatures, 'Invalid'> {
  const { metadata, spec } = policy;
  const { namespace, name } = metadata;
  const object = `EnvoyExtensionPolicy ${namespace}/${name}`;
  const missing = unimplementedFields(policy, 'Invalid');
  if (missing !== undefined) return { ok: false, refusal: missing };
  const extProc: ExtProcIr[] = [];
  for (const [index, processor] of (spec.extProc ?? []).entries()) {
    // What a merged policy has from its parent is the parent's: its name, and where it looks for its back-end.
    const owner = fieldOwner(policy, processor);
    const place = { namespace: owner.namespace, policy: owner.name, index };
    const found = resolveExtProc(processor, place, resources, settings);
    if (!found.ok) return refusal('Invalid', `${object}: spec.${found.refusal.message}`);
    extProc.push(found.value);
  }
  const wasm: WasmFilterIr[] = [];
  const unready: Refusal[] = [];
  for (const [index, entry] of (spec.wasm ?? []).entries()) {
    // A filter that a merged policy has from its parent is that of the parent: one filter, one VM.
    const owner = fieldOwner(policy, entry);
    const found = resolveWasm(entry, { namespace: owner.namespace, policy: owner.name, index }, resources);
    if (!found.ok) return refusal('Invalid', `${object}: spec.${found.refusal.message}`);
    wasm.push(found.value.filter);
    if (found.value.unready !== undefined) unready.push(found.value.unready);
  }
  const [first] = unready;
  return success({
    features: { ...(extProc.length === 0 ? {} : { extProc }), ...(wasm.length === 0 ? {} : { wasm }) },
    unready:
      first === undefined
        ? undefined
        : { reason: first.reason, message: `${object}: ${unready.map(({ message }) => `spec.${message}`).join('; ')}` },
  });
}
