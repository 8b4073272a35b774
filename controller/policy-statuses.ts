import type {
  BackendTrafficPolicy,
  ClientTrafficPolicy,
  EnvoyExtensionPolicy,
  SecurityPolicy,
} from './api/gen/types.d.ts';
import type { PolicyOutcome } from './features/policy-outcome.ts';
import type { PolicyTable } from './features/policy-table.ts';
import type { PolicyTables } from './features/rule-features.ts';
import { refusalOnStreams } from './features/stream-features.ts';
import { AttachmentBook } from './gateway/attachment-book.ts';
import type { GatewayState } from './gateway/gateways.ts';
import { policyReports, type ServedGateways } from './policies/status.ts';
import { hasListeners, type Policy, type PolicyKind, type TargetKind } from './policies/targets.ts';
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
  const book = new AttachmentBook();
  let served = servedGateways(book);
  return (tables, gateways, resources) => {
    const isAny = Object.values(tables).some((table: PolicyTable) => table.policies.length > 0);
    if (book.update(isAny ? gateways : [])) served = servedGateways(book);
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
  return rememberedIn((table: PolicyTable<P>, served: ServedGateways, resources) => {
    const { policies, index, outcomes, merged } = table;
    const refusalOf = (policy: P, mergedInto: P | undefined, target: TargetKind): Refusal | undefined => {
      const misplaced = hasListeners(target) ? undefined : table.onRoutes?.(policy);
      if (misplaced !== undefined) return misplaced.refusal;
      const outcome = mergedInto === undefined ? outcomes.get(policy) : merged.get(policy)?.get(mergedInto);
      const isClosed = CLOSING.has(kind) && STREAM_ROUTES.has(target);
      return (isClosed ? refusalOnStreams(target, outcome) : undefined) ?? refusalIn(outcome);
    };
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

/** The kinds of policy that close what they cannot be enforced on. */
const CLOSING: ReadonlySet<PolicyKind> = new Set(['SecurityPolicy', 'EnvoyExtensionPolicy']);
const STREAM_ROUTES: ReadonlySet<TargetKind> = new Set(['TLSRoute', 'TCPRoute', 'UDPRoute']);

function refusalIn(outcome: PolicyOutcome | undefined): Refusal | undefined {
  if (outcome?.kind === 'features') return outcome.unready;
  if (outcome === undefined) return undefined;
  const { reason, message } = outcome.refusal;
  return outcome.open
    ? { reason, message: `${message}; nothing of the policy is in force` }
    : { reason, message: `${message}; requests to the targets are answered with 500` };
}

function servedGateways(book: AttachmentBook): ServedGateways {
  return {
    has: (namespace, gateway) => book.has(`${namespace}/${gateway}`),
    listenersOf: (route) => book.listenersOf(route),
  };
}
