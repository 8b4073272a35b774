import { type PolicyTables, sharedAt } from './features/rule-features.ts';
import type { GatewayState } from './gateway/gateways.ts';
import { gatewayPlace, type ListenerState } from './gateway/listeners.ts';
import type { SharedPolicyIr } from './ir/route.ts';

/** Finds what routes of the Gateways of a proxy may share; the same array as long as it is the same. */
export function rememberedSharedPolicies(): (
  proxy: string,
  gateways: readonly GatewayState[],
  tables: PolicyTables,
) => readonly SharedPolicyIr[] {
  const last = new Map<string, readonly SharedPolicyIr[]>();
  return (proxy, gateways, tables) => {
    const found = new Set(
      gateways.flatMap(({ listeners, refused }) => (refused === undefined ? sharedOf(listeners, tables) : [])),
    );
    const known = last.get(proxy);
    if (known?.length === found.size && known.every((one) => found.has(one))) return known;
    const now = [...found].sort((a, b) => (a.place < b.place ? -1 : 1));
    last.set(proxy, now);
    return now;
  };
}

const sharedBefore = new WeakMap<
  readonly ListenerState[],
  { readonly tables: PolicyTables; readonly shared: readonly SharedPolicyIr[] }
>();

/** What routes of these listeners may share, each once; looked for when listeners or policies change. */
function sharedOf(listeners: readonly ListenerState[], tables: PolicyTables): readonly SharedPolicyIr[] {
  const known = sharedBefore.get(listeners);
  if (known?.tables === tables) return known.shared;
  const served = listeners.filter(({ usable }) => usable);
  const shared = [...new Set(served.flatMap((listener) => sharedAt(gatewayPlace(listener), tables)))];
  sharedBefore.set(listeners, { tables, shared });
  return shared;
}
