import type { HTTPBackendRef, HTTPFilter, HTTPRoute, HTTPRouteRule } from '#controller/api/gen/types.d.ts';
import { type HeaderChangesIr, NO_HEADER_CHANGES, type RouteActionIr, type RouteMatchIr } from '../ir/route.ts';
import { widenedMatch } from '../ir/widened-match.ts';
import type { SessionIr } from '../ir/session.ts';
import type { Resources } from '../resources/resources.ts';
import type { Outcome, Refusal } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { destinationsOf } from './destinations.ts';
import { matchIr, matchProblem, withCookies } from './http-match.ts';
import type { HttpCore, HttpRoute, InvalidRules } from './route-core.ts';
import { type FilterContext, type RuleFilters, ruleFilters } from './rule-filters.ts';
import { type RuleFeatures, trafficOf } from './rule-features.ts';
import { sessionOf } from './session-persistence.ts';

/** One rule of a route. */
export interface RuleCore {
  readonly index: number;
  readonly name: string | undefined;
  readonly matches: readonly RouteMatchIr[];
  readonly action: RouteActionIr;
  readonly requestHeaders: HeaderChangesIr;
  readonly responseHeaders: HeaderChangesIr;
  /** What the rule itself says of what policies may say, too. */
  readonly own: RuleFeatures;
}

/** A rule of a kind of route whose rules become those of HTTP. */
export interface RuleSource extends Pick<HTTPRouteRule, 'name' | 'timeouts' | 'retry' | 'sessionPersistence'> {
  readonly matches: readonly RouteMatchIr[];
  readonly filters?: readonly HTTPFilter[];
  readonly backendRefs?: readonly HTTPBackendRef[];
}

/** Resolves an HTTPRoute (Gateway API v1, HTTPRoute). */
export function httpCore(route: HTTPRoute, resources: Resources, settings: Settings): HttpCore {
  const book = ruleBook(route, resources, settings);
  const rules = route.spec.rules.map(({ matches, ...rule }, index) => {
    const problem = matches.map(matchProblem).find((one) => one !== undefined);
    const source = { ...rule, matches: matches.map(matchIr) };
    return problem === undefined
      ? book.rule(source, index)
      : book.refusing(widened(source), index, { reason: 'UnsupportedValue', message: problem });
  });
  return { kind: 'http', route, rules, refused: undefined, ...book.verdicts(rules.length) };
}

/** Makes the rules of one route, and knows what is to be said of them. */
interface RuleBook {
  readonly rule: (source: RuleSource, index: number) => RuleCore;
  readonly refusing: (source: RuleSource, index: number, refusal: Refusal) => RuleCore;
  readonly verdicts: (rules: number) => Pick<HttpCore, 'unresolved' | 'invalid'>;
}

/** Opens the book of a route. */
export function ruleBook(
  { kind, metadata: { namespace, name } }: HttpRoute,
  resources: Resources,
  settings: Settings,
): RuleBook {
  const problems: Refusal[] = [];
  const invalid: Refusal[] = [];
  const refusedRules = new Set<number>();
  const from = { group: 'gateway.networking.k8s.io', kind, namespace };
  const isGrpc = kind === 'GRPCRoute';
  const context: FilterContext = { from, resources, settings, problems, protocol: isGrpc ? 'http2' : undefined };
  // A call that cannot be sent on is UNAVAILABLE, and not UNKNOWN (Gateway API, `GRPCRouteRule.backendRefs`).
  const invalidStatus = isGrpc ? 503 : 500;

  function refusing(source: RuleSource, index: number, { reason, message }: Refusal): RuleCore {
    refusedRules.add(index);
    invalid.push({ reason, message: `spec.rules[${index}].${message}` });
    return { ...known(source, index), ...REFUSING };
  }

  function rule(source: RuleSource, index: number): RuleCore {
    const found = ruleFilters(source.filters ?? [], context);
    const session = sessionAt(source, index);
    if (found.kind === 'unresolved') return { ...known(source, index), ...REFUSING };
    if (found.kind === 'invalid') return refusing(source, index, found.refusal);
    if (session?.ok === false) return refusing(source, index, session.refusal);
    const { filters } = found;
    return {
      ...known(source, index),
      matches: withCookies(source.matches, filters.cookies),
      action: actionOf(source, filters, index),
      requestHeaders: filters.requestHeaders,
      responseHeaders: filters.responseHeaders,
      own: {
        ...trafficOf(source),
        cors: filters.cors,
        session: session?.value,
        externalAuth: filters.externalAuth,
        credential: filters.credential,
        calls: isGrpc || undefined,
      },
    };
  }

  function sessionAt({ sessionPersistence }: RuleSource, index: number): Outcome<SessionIr> | undefined {
    return sessionPersistence === undefined
      ? undefined
      : sessionOf(sessionPersistence, { kind, namespace, name, rule: index });
  }

  function actionOf({ backendRefs = [] }: RuleSource, filters: RuleFilters, index: number): RouteActionIr {
    const { response, redirect, rewrite } = filters;
    if (response !== undefined) {
      return {
        kind: 'respond',
        status: response.status,
        ...(response.body === undefined ? {} : { body: response.body }),
      };
    }
    if (redirect !== undefined) return { kind: 'redirect', redirect };
    const { destinations, mirrors } = destinationsOf(backendRefs, `spec.rules[${index}]`, { ...context, invalid });
    // Without a back-end that can be had the answer is an error (Gateway API, HTTPRouteRule.backendRefs).
    if (!destinations.some((to) => to.kind === 'cluster')) return { kind: 'respond', status: invalidStatus };
    const copies = [...filters.mirrors, ...mirrors];
    return {
      kind: 'forward',
      destinations,
      rewrite,
      ...(copies.length === 0 ? {} : { mirrors: copies }),
      ...(isGrpc ? { invalidStatus } : {}),
    };
  }

  return {
    rule,
    refusing,
    verdicts: (rules) => ({ unresolved: problems[0], invalid: invalidRules(rules) }),
  };

  function invalidRules(rules: number): InvalidRules | undefined {
    const [first] = invalid;
    if (first === undefined) return undefined;
    const message = `${kind} ${namespace}/${name}: ${first.message}; requests that it is for are answered with 500`;
    return { refusal: { reason: first.reason, message }, all: refusedRules.size === rules };
  }
}

/** A rule whose matches no proxy takes, for what answers in its place. */
export function widened<S extends RuleSource>(source: S): S {
  return { ...source, matches: source.matches.map(widenedMatch) };
}

function known({ name, matches }: RuleSource, index: number): Pick<RuleCore, 'index' | 'name' | 'matches'> {
  return { index, name, matches };
}

/** A rule that answers by itself, since it cannot do what it is to do. */
export const REFUSING = {
  action: { kind: 'respond', status: 500 },
  requestHeaders: NO_HEADER_CHANGES,
  responseHeaders: NO_HEADER_CHANGES,
  own: {
    cors: undefined,
    requestTimeout: undefined,
    attemptTimeout: undefined,
    retry: undefined,
    session: undefined,
    externalAuth: undefined,
    credential: undefined,
    calls: undefined,
  },
} as const;
