import type {
  BackendTrafficPolicy,
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  SecurityPolicy,
} from './api/gen/types.d.ts';
import type { PolicyOutcome } from './features/policy-outcome.ts';
import type { PolicyTable } from './features/policy-table.ts';
import type { PolicyTables } from './features/rule-features.ts';
import type { GatewayState } from './gateway/gateways.ts';
import { policyReports, type ServedGateways } from './policies/status.ts';
import { type Policy, type Target, targetKey } from './policies/targets.ts';
import type { Resources } from './resources/resources.ts';
import { rememberedIn } from './resources/tracked.ts';
import type { Refusal } from './resources/verdict.ts';
import type { ObjectStatus } from './status/object-status.ts';

/** Makes what is to be said of the policies of every kind; the same statuses as long as nothing they tell of changes. */
export function rememberedPolicyStatuses(): (
  tables: PolicyTables,
  gateways: readonly GatewayState[],
  resources: Resources,
) => readonly ObjectStatus[] {
  const security = statusesOf<SecurityPolicy>('SecurityPolicy');
  const extension = statusesOf<EnvoyExtensionPolicy>('EnvoyExtensionPolicy');
  const clients = statusesOf<ClientTrafficPolicy>('ClientTrafficPolicy');
  const traffic = statusesOf<BackendTrafficPolicy>('BackendTrafficPolicy');
  let members: readonly object[] = [];
  let served = servedGateways([]);
  return (tables, gateways, resources) => {
    const now = gateways.flatMap(({ gateway, routes }) => [gateway, ...routes]);
    if (now.length !== members.length || now.some((member, index) => member !== members[index])) {
      members = now;
      served = servedGateways(gateways);
    }
    return [
      ...security(tables.security, served, resources),
      ...extension(tables.extension, served, resources),
      ...clients(tables.clients, served, resources),
      ...traffic(tables.traffic, served, resources),
    ];
  };
}

function statusesOf<P extends Policy>(
  kind: P['kind'],
): (table: PolicyTable<P>, served: ServedGateways, resources: Resources) => readonly ObjectStatus[] {
  return rememberedIn(({ policies, index, outcomes, merged }: PolicyTable<P>, served: ServedGateways, resources) => {
    const refusalOf = (policy: P, mergedInto: P | undefined): Refusal | undefined =>
      refusalIn(mergedInto === undefined ? outcomes.get(policy) : merged.get(policy)?.get(mergedInto));
    const staleOf = (policy: P): string | undefined => {
      const all = [outcomes.get(policy), ...(merged.get(policy)?.values() ?? [])];
      return all
        .map((outcome) => (outcome?.kind === 'features' ? outcome.stale : undefined))
        .find((one) => one !== undefined);
    };
    const reports = policyReports({ kind, index, refusalOf, staleOf }, served, resources);
    return policies.map((object): ObjectStatus => ({ kind: 'policy', object, ancestors: reports.get(object) ?? [] }));
  });
}

function refusalIn(outcome: PolicyOutcome | undefined): Refusal | undefined {
  if (outcome?.kind !== 'refused') return undefined;
  const { reason, message } = outcome.refusal;
  return outcome.open
    ? { reason, message: `${message}; nothing of the policy is in force` }
    : { reason, message: `${message}; requests to the targets are answered with 500` };
}

function servedGateways(gateways: readonly GatewayState[]): ServedGateways {
  const attached = new Map(
    gateways.map(({ gateway, routes }) => [
      `${gateway.metadata.namespace}/${gateway.metadata.name}`,
      new Map(
        routes.map(({ core: { route }, attachments }) => [
          routeKey({ kind: route.kind, ...route.metadata }),
          attachments,
        ]),
      ),
    ]),
  );
  return {
    has: (namespace, gateway) => attached.has(`${namespace}/${gateway}`),
    listenersOf: (route, namespace, gateway) => {
      const attachments = attached.get(`${namespace}/${gateway}`)?.get(routeKey(route)) ?? [];
      return attachments.map(({ listener }) => listener.spec.name);
    },
  };
}

function routeKey({ kind, namespace, name }: Pick<Target, 'kind' | 'namespace' | 'name'>): string {
  return targetKey({ kind, namespace, name, sectionName: undefined });
}
