import type { AuthorizationIr } from '../ir/authorization.ts';
import type { ClientRulesIr, StreamFeaturesIr } from '../ir/listener.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';
import { type Place, policiesInForce } from '../policies/policy-index.ts';
import type { Policy } from '../policies/targets.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { PolicyOutcome } from './policy-outcome.ts';
import { outcomeAt, type PolicyTable } from './policy-table.ts';
import type { PolicyTables } from './rule-features.ts';

const REFUSED: StreamFeaturesIr = { kind: 'refused' };

/**
 * What the policies in force at a place add to connections that are passed on. One that targets their route and says what
 * only requests can be held to, or cannot be enforced, closes them. Of one of the Gateway, which is about requests, too, what
 * connections can be held to is in force: who may connect (Envoy Gateway, "SecurityPolicy", authorization of TCP).
 */
export function streamFeaturesAt(place: Place, tables: PolicyTables): StreamFeaturesIr {
  const security = partAt(place, tables.security);
  const extension = partAt(place, tables.extension);
  const traffic = partAt(place, tables.traffic);
  const clients = partAt(place, tables.clients);
  if ([security, extension, traffic, clients].some((part) => part.kind === 'refused')) return REFUSED;
  if (security.isOwn && streamRefusal(security.features) !== undefined) return REFUSED;
  if (extension.isOwn && streamRefusal(extension.features) !== undefined) return REFUSED;
  const { authorization } = security.features;
  if (authorization !== undefined && place.route.kind === 'UDPRoute') return REFUSED;
  const { backend } = traffic.features;
  return {
    kind: 'features',
    ...(backend === undefined ? {} : { backend }),
    ...(authorization === undefined ? {} : { clients: clientRules(authorization) }),
  };
}

interface Part {
  readonly kind: 'features' | 'refused';
  readonly features: RouteFeaturesIr;
  /** Whether the policy targets the route, and not its Gateway. */
  readonly isOwn: boolean;
}

function partAt<P extends Policy>(place: Place, table: PolicyTable<P>): Part {
  const outcome = outcomeAt(place, table);
  const isOwn = outcome !== undefined && policiesInForce(table.index, place).onRoute !== undefined;
  if (outcome?.kind === 'features') return { kind: 'features', features: outcome.features, isOwn };
  return { kind: outcome === undefined || outcome.open ? 'features' : 'refused', features: {}, isOwn };
}

/** What a policy says that may be ignored where there are only connections. */
const HARMLESS: ReadonlySet<string> = new Set(['source', 'shared', 'authorization']);

/** Why a SecurityPolicy or EnvoyExtensionPolicy cannot be enforced on a route of connections, or `undefined`. */
function streamRefusal(features: RouteFeaturesIr): Refusal | undefined {
  const others = Object.keys(features).filter((name) => !HARMLESS.has(name));
  if (others.length > 0) {
    return refusal(`found ${others.join(', ')}, accepted for connections that are passed on is authorization`);
  }
  const index = features.authorization?.rules.findIndex(isOfRequests) ?? -1;
  return index < 0
    ? undefined
    : refusal(
        `authorization.rules[${index}]: accepted for connections that are passed on is principal.clientCIDRs alone`,
      );
}

function refusal(message: string): Refusal {
  return { reason: 'Invalid', message: `${message}; connections to the targets are closed` };
}

/** Why a policy that targets a route of connections is not in force there; `undefined` where it is. */
export function refusalOnStreams(kind: string, outcome: PolicyOutcome | undefined): Refusal | undefined {
  if (outcome?.kind !== 'features') return undefined;
  const { authorization } = outcome.features;
  if (kind === 'UDPRoute' && authorization !== undefined) {
    return refusal('authorization: found it on a UDPRoute, datagrams have no connection to be refused');
  }
  return streamRefusal(outcome.features);
}

function isOfRequests({ jwt, headers, methods, path }: AuthorizationIr['rules'][number]): boolean {
  return jwt !== undefined || headers.length > 0 || methods !== undefined || path !== undefined;
}

/** A rule that is about requests lets no connection in by itself, and keeps out whomever it may be about. */
function clientRules({ defaultAction, rules }: AuthorizationIr): ClientRulesIr {
  return {
    defaultAction,
    rules: rules.flatMap((rule) =>
      isOfRequests(rule) && rule.action === 'Allow' ? [] : [{ action: rule.action, clients: rule.clients }],
    ),
  };
}
