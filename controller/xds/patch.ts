import { schema } from '#proto/load.ts';
import { applyToJson } from '../features/envoy-patch-policy/apply.ts';
import type { ResourcePatchIr } from '../ir/patch.ts';
import { once } from '../ir/once.ts';
import { resourceJson } from './resource-json.ts';
import { type XdsResource, type XdsSnapshot, xdsResource } from './snapshot.ts';
import { MESSAGE_NAME, type XdsType } from './types.ts';

/** Why a policy's patches cannot be applied. */
export interface PatchRefusal {
  readonly reason: 'Invalid' | 'ResourceNotFound';
  readonly message: string;
}

/**
 * Applies policies one after the other, each whole or not at all, and tells of each why it was not, or `undefined`. What
 * one of them does is what the next one finds.
 */
export function tryPolicies(
  snapshot: XdsSnapshot,
  policies: readonly (readonly ResourcePatchIr[])[],
): readonly (PatchRefusal | undefined)[] {
  let state = snapshot;
  return policies.map((patches) => {
    const made: { readonly type: XdsType; readonly resource: XdsResource }[] = [];
    for (const patch of patches) {
      const before = state[patch.type].get(patch.name);
      if (before === undefined && !makesIt(patch)) return notFound(state, patch);
      const result = patchResource(before, patch);
      if (result.resource === undefined) return { reason: 'Invalid', message: result.problem };
      made.push({ type: patch.type, resource: result.resource });
    }
    state = made.reduce(withResource, state);
    return undefined;
  });
}

/**
 * The snapshot with the patches of policies that apply to the whole of it. What is not served now (a listener without its
 * port, a cluster that the proxy rejected) is left out, and the other patches of the policy stay: they may guard something.
 */
export function patchSnapshot(snapshot: XdsSnapshot, patches: readonly ResourcePatchIr[]): XdsSnapshot {
  return patches.reduce((state, patch) => {
    const before = state[patch.type].get(patch.name);
    if (before === undefined && !makesIt(patch)) return state;
    const { resource } = patchResource(before, patch);
    return resource === undefined ? state : withResource(state, { type: patch.type, resource });
  }, snapshot);
}

function withResource(
  state: XdsSnapshot,
  { type, resource }: { readonly type: XdsType; readonly resource: XdsResource },
): XdsSnapshot {
  return { ...state, [type]: new Map(state[type]).set(resource.name, resource) };
}

/** Whether a patch brings its resource with it. */
function makesIt({ operations }: ResourcePatchIr): boolean {
  return operations[0]?.op === 'whole';
}

function notFound(snapshot: XdsSnapshot, { type, name, operations }: ResourcePatchIr): PatchRefusal {
  const known = [...snapshot[type].keys()];
  const shown = known.slice(0, NAMES_SHOWN).join(', ');
  const more = known.length > NAMES_SHOWN ? ` and ${known.length - NAMES_SHOWN} more` : '';
  const accepted = known.length === 0 ? `there is no ${type}` : `accepted are ${shown}${more}`;
  const index = operations[0]?.index ?? 0;
  return {
    reason: 'ResourceNotFound',
    message: `spec.jsonPatches[${index}].name: found "${name}", which is no ${type} of this proxy; ${accepted}`,
  };
}

/** How many names a message lists. */
const NAMES_SHOWN = 5;

type Patched = { readonly resource: XdsResource } | { readonly resource: undefined; readonly problem: string };

/** What a patch made of the last versions of its resource: with and without the ports that the machine gave, and before. */
const memoryOf = once((_patch: ResourcePatchIr) => new Map<string, Patched>());
const VERSIONS_REMEMBERED = 4;

function patchResource(before: XdsResource | undefined, patch: ResourcePatchIr): Patched {
  const memory = memoryOf(patch);
  const version = before?.version ?? '';
  const known = memory.get(version);
  if (known !== undefined) return known;
  const [oldest] = memory.keys();
  if (memory.size >= VERSIONS_REMEMBERED && oldest !== undefined) memory.delete(oldest);
  const { type, name } = patch;
  const result = applyToJson(
    before === undefined ? undefined : resourceJson(type, before),
    schema(MESSAGE_NAME[type]),
    patch,
  );
  const made: Patched = result.ok
    ? { resource: xdsResource(type, name, result.value) }
    : { resource: undefined, problem: result.refusal.message };
  memory.set(version, made);
  return made;
}
