import { type PolicyTables, sharedAt } from './features/rule-features.ts';
import type { GatewayState } from './gateway/gateways.ts';
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
      gateways.flatMap(({ gateway: { metadata }, listeners, refused }) =>
        listeners.flatMap(({ usable, spec }) =>
          usable && refused === undefined
            ? sharedAt({ namespace: metadata.namespace, name: metadata.name, listener: spec.name }, tables)
            : [],
        ),
      ),
    );
    const known = last.get(proxy);
    if (known?.length === found.size && known.every((one) => found.has(one))) return known;
    const now = [...found].sort((a, b) => (a.place < b.place ? -1 : 1));
    last.set(proxy, now);
    return now;
  };
}
