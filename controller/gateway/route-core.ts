import type { GRPCRoute, HTTPRoute, TCPRoute, TLSRoute, UDPRoute } from '#controller/api/gen/types.d.ts';
import type { StreamDestinationIr } from '../ir/listener.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { RuleCore } from './http-route.ts';

/** A route whose rules are about requests. */
export type HttpRoute = HTTPRoute | GRPCRoute;

/** A route whose rules are about whole connections, or datagrams. */
export type StreamRoute = TLSRoute | TCPRoute | UDPRoute;

/** A route of any kind. */
export type AnyRoute = HttpRoute | StreamRoute;

/** The kinds of route that are served. */
export const ROUTE_KINDS = [
  'HTTPRoute',
  'GRPCRoute',
  'TLSRoute',
  'TCPRoute',
  'UDPRoute',
] as const satisfies readonly AnyRoute['kind'][];

/** What a route says, references resolved, before it is known where it is attached. */
export type RouteCore = HttpCore | StreamCore;

interface Core {
  /** Why the route cannot be served at all (condition Accepted): everything that it is for is closed. */
  readonly refused: Refusal | undefined;
  /** The first reference that leads nowhere; its share of the traffic is refused (condition ResolvedRefs). */
  readonly unresolved: Refusal | undefined;
  /** What of it cannot be done: the rules or shares that need it are refused. */
  readonly invalid: InvalidRules | undefined;
}

/** What a route of requests says. What is refused is answered with 500. */
export interface HttpCore extends Core {
  readonly kind: 'http';
  readonly route: HttpRoute;
  readonly rules: readonly RuleCore[];
}

/** What a route of connections says. What is refused is closed; datagrams are dropped. */
export interface StreamCore extends Core {
  readonly kind: 'stream';
  readonly route: StreamRoute;
  readonly destinations: readonly StreamDestinationIr[];
  /** The same where what is passed on is TLS already, and no policy of a back-end adds its own. */
  readonly untouched: readonly StreamDestinationIr[];
}

/** The first thing that cannot be done (conditions Accepted and PartiallyInvalid). */
export interface InvalidRules {
  readonly refusal: Refusal;
  /** Whether every rule is concerned, so that nothing of the route is served. */
  readonly all: boolean;
}

/** Whether anything of a route is served; else all that it is for is closed. */
export function isAccepted({ refused, invalid }: RouteCore): boolean {
  return refused === undefined && invalid?.all !== true;
}
