import type { Refusal } from '../resources/verdict.ts';
import { widenedMatch } from '../ir/widened-match.ts';
import { grpcMatchIr } from './grpc-match.ts';
import { matchIr } from './http-match.ts';
import { REFUSING, type RuleCore } from './http-route.ts';
import type { AnyRoute, RouteCore } from './route-core.ts';

/**
 * A route that cannot be served as it is written: it keeps what it is for from wider routes, whose policies are others. Its
 * requests are answered with 500, its connections closed.
 */
export function closedCore(route: AnyRoute, refused: Refusal): RouteCore {
  const rest = { refused, unresolved: undefined, invalid: undefined };
  switch (route.kind) {
    case 'HTTPRoute': {
      const rules = route.spec.rules.map(({ name, matches }, index) => refusing(index, name, matches.map(matchIr)));
      return { kind: 'http', route, rules, ...rest };
    }
    case 'GRPCRoute': {
      const written = route.spec.rules ?? [{}];
      const rules = written.map(({ name, matches = [] }: GrpcRule, index) =>
        refusing(index, name, (matches.length === 0 ? [{}] : matches).map(grpcMatchIr)),
      );
      return { kind: 'http', route, rules, ...rest };
    }
    case 'TLSRoute':
    case 'TCPRoute':
    case 'UDPRoute':
      return { kind: 'stream', route, destinations: [], untouched: [], ...rest };
    default:
      return route satisfies never;
  }
}

type GrpcRule = NonNullable<Extract<AnyRoute, { readonly kind: 'GRPCRoute' }>['spec']['rules']>[number];

function refusing(index: number, name: string | undefined, matches: RuleCore['matches']): RuleCore {
  return { index, name, matches: matches.map(widenedMatch), ...REFUSING };
}
