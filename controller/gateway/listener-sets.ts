import type { Gateway, ListenerSet } from '#controller/api/gen/types.d.ts';
import { type Pieces, sameMembers } from '../ir/pieces.ts';
import { parentGateway, takesSet } from '../resources/parent-gateway.ts';
import { byAge, type Resources } from '../resources/resources.ts';
import { rememberedIn } from '../resources/tracked.ts';
import type { Refusal } from '../resources/verdict.ts';

/** Which ListenerSets name which Gateway. */
export interface ListenerSetIndex {
  /** The sets that name a Gateway ("<namespace>/<name>"), older ones first; the same array for the same sets. */
  of(gateway: string): readonly ListenerSet[];
  /**
   * The Gateway ("<namespace>/<name>") that each set ("<namespace>/<name>") names. The same map as long as no set names
   * another Gateway, whatever else changes.
   */
  readonly gateways: ReadonlyMap<string, string>;
}

const NO_SETS: readonly ListenerSet[] = [];

/** Makes the index; the same object as long as no ListenerSet changes. */
export function createListenerSetIndex(): (resources: Resources) => ListenerSetIndex {
  let last: Known | undefined;
  return (resources) => {
    const [pieces, closed] = [resources.pieces('ListenerSet'), resources.closed('ListenerSet')];
    if (last?.pieces === pieces && last.closed === closed) return last.index;
    const sets = byGateway([...pieces, closed], last?.sets);
    const index = { of: (gateway: string) => sets.get(gateway) ?? NO_SETS, gateways: gatewaysOf(sets, last?.index) };
    last = { pieces, closed, sets, index };
    return index;
  };
}

type Sets = ReadonlyMap<string, readonly ListenerSet[]>;

interface Known {
  readonly pieces: Pieces<ListenerSet>;
  readonly closed: readonly ListenerSet[];
  readonly sets: Sets;
  readonly index: ListenerSetIndex;
}

function byGateway(pieces: Pieces<ListenerSet>, last: Sets | undefined): Sets {
  const groups = new Map<string, ListenerSet[]>();
  for (const set of pieces.flat()) {
    const parent = parentGateway(set);
    if (parent === undefined) continue;
    const gateway = `${parent.namespace}/${parent.name}`;
    const group = groups.get(gateway);
    if (group === undefined) groups.set(gateway, [set]);
    else group.push(set);
  }
  const sets = new Map<string, readonly ListenerSet[]>();
  for (const [gateway, group] of groups) {
    const known = last?.get(gateway);
    const now = group.sort(byAge);
    sets.set(gateway, known !== undefined && sameMembers(known, now) ? known : now);
  }
  return sets;
}

function gatewaysOf(sets: Sets, last: ListenerSetIndex | undefined): ReadonlyMap<string, string> {
  const gateways = new Map<string, string>();
  for (const [gateway, members] of sets) {
    for (const { metadata } of members) gateways.set(`${metadata.namespace}/${metadata.name}`, gateway);
  }
  const known = last?.gateways;
  const isSame = known?.size === gateways.size && [...gateways].every(([set, gateway]) => known.get(set) === gateway);
  return isSame ? known : gateways;
}

/** Why a Gateway does not take the listeners of a set that names it, or `undefined`. */
export const setRefusal: (set: ListenerSet, gateway: Gateway, resources: Resources) => Refusal | undefined =
  rememberedIn((set: ListenerSet, gateway: Gateway, resources): Refusal | undefined => {
    if (takesSet(gateway, set, resources)) return undefined;
    const { namespace } = set.metadata;
    const message = `Gateway ${gateway.metadata.namespace}/${gateway.metadata.name} does not allow ListenerSets of namespace ${namespace}: see its allowedListeners`;
    return { reason: 'NotAllowed', message };
  });
