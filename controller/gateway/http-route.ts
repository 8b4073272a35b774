import type {
  HTTPBackendRef,
  HTTPPathModifier,
  HTTPRequestRedirectFilter,
  HTTPRoute,
  HTTPRouteRule,
} from '#controller/api/gen/types.d.ts';
import {
  type DestinationIr,
  type HeaderChangesIr,
  NO_HEADER_CHANGES,
  type PathChangeIr,
  type RouteActionIr,
  type RouteMatchIr,
} from '../ir/route.ts';
import type { Resources } from '../resources/resources.ts';
import { unimplementedFields } from '../resources/unimplemented-fields.ts';
import type { Refusal } from '../resources/verdict.ts';
import type { Settings } from '../settings.ts';
import { resolveBackend } from '../backends/resolve.ts';
import { corsOf } from './cors-filter.ts';
import { filterProblem } from './filter-problems.ts';
import { headerChangesOf } from './header-filters.ts';
import { matchIr } from './http-match.ts';
import { type RuleFeatures, ruleFeatures } from './rule-features.ts';

/** What an HTTPRoute says, references resolved, before it is known where it is attached. */
export interface RouteCore {
  readonly route: HTTPRoute;
  readonly rules: readonly RuleCore[];
  /** Why the route cannot be served at all (condition Accepted). */
  readonly refused: Refusal | undefined;
  /** The first reference that leads nowhere; its share of the requests is answered with 500 (condition ResolvedRefs). */
  readonly unresolved: Refusal | undefined;
  /** What of it cannot be done: the rules or shares that need it are answered with 500. */
  readonly invalid: InvalidRules | undefined;
}

/** The first thing that cannot be done (conditions Accepted and PartiallyInvalid). */
export interface InvalidRules {
  readonly refusal: Refusal;
  /** Whether every rule is concerned, so that nothing of the route is served. */
  readonly all: boolean;
}

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

/** Resolves an HTTPRoute (Gateway API v1, HTTPRoute). */
export function routeCore(route: HTTPRoute, resources: Resources, settings: Settings): RouteCore {
  const refused = unimplementedFields(route, 'UnsupportedValue');
  if (refused !== undefined) return { route, rules: [], refused, unresolved: undefined, invalid: undefined };
  const problems: Refusal[] = [];
  const invalid: string[] = [];
  const context = { route, resources, settings, problems, invalid };
  const rules = route.spec.rules.map((rule, index) => ruleCore(rule, index, context));
  return { route, rules, refused: undefined, unresolved: problems[0], invalid: invalidRules(route, invalid) };
}

function invalidRules({ spec, metadata }: HTTPRoute, [first]: readonly string[]): InvalidRules | undefined {
  if (first === undefined) return undefined;
  const all = spec.rules.every(({ filters }) => filterProblem(filters ?? []) !== undefined);
  const message = `HTTPRoute ${metadata.namespace}/${metadata.name}: ${first}; requests that it is for are answered with 500`;
  return { refusal: { reason: 'UnsupportedValue', message }, all };
}

interface Context {
  readonly route: HTTPRoute;
  readonly resources: Resources;
  readonly settings: Settings;
  /** Takes the references that lead nowhere. */
  readonly problems: Refusal[];
  /** Takes what cannot be done. */
  readonly invalid: string[];
}

function ruleCore(rule: HTTPRouteRule, index: number, context: Context): RuleCore {
  const filters = rule.filters ?? [];
  const problem = filterProblem(filters);
  const known = {
    index,
    name: rule.name,
    matches: rule.matches.map(matchIr),
    own: ruleFeatures(rule, corsOf(filters)),
  };
  if (problem !== undefined) {
    context.invalid.push(`spec.rules[${index}].${problem}`);
    return { ...known, ...REFUSING };
  }
  return {
    ...known,
    action: actionOf(rule, index, context),
    requestHeaders: headerChangesOf(filters, 'requestHeaderModifier'),
    responseHeaders: headerChangesOf(filters, 'responseHeaderModifier'),
  };
}

/** A rule that answers by itself, since it cannot do what it is to do. */
const REFUSING = {
  action: { kind: 'respond', status: 500 },
  requestHeaders: NO_HEADER_CHANGES,
  responseHeaders: NO_HEADER_CHANGES,
} as const;

function actionOf({ filters = [], backendRefs = [] }: HTTPRouteRule, index: number, context: Context): RouteActionIr {
  const redirect = filters.find(({ requestRedirect }) => requestRedirect !== undefined)?.requestRedirect;
  if (redirect !== undefined) return { kind: 'redirect', redirect: redirectOf(redirect) };
  const destinations = backendRefs.flatMap((ref, at) =>
    ref.weight > 0 ? [destinationOf(ref, `spec.rules[${index}].backendRefs[${at}]`, context)] : [],
  );
  // Without a back-end that can be had the answer is 500 (Gateway API, HTTPRouteRule.backendRefs).
  if (!destinations.some(({ kind }) => kind === 'cluster')) return { kind: 'respond', status: 500 };
  const rewrite = filters.find(({ urlRewrite }) => urlRewrite !== undefined)?.urlRewrite;
  return { kind: 'forward', destinations, rewrite: { hostname: rewrite?.hostname, path: pathChange(rewrite?.path) } };
}

function destinationOf(ref: HTTPBackendRef, at: string, context: Context): DestinationIr {
  const { route, resources, settings, problems, invalid } = context;
  const from = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: route.metadata.namespace };
  const found = resolveBackend(ref, from, resources, settings);
  if (!found.ok) {
    problems.push(found.refusal);
    return { kind: 'invalid', weight: ref.weight };
  }
  const filters = ref.filters ?? [];
  const problem = filterProblem(filters);
  if (problem !== undefined) {
    invalid.push(`${at}.${problem}`);
    return { kind: 'invalid', weight: ref.weight };
  }
  return {
    kind: 'cluster',
    weight: ref.weight,
    cluster: found.value,
    requestHeaders: headerChangesOf(filters, 'requestHeaderModifier'),
    responseHeaders: headerChangesOf(filters, 'responseHeaderModifier'),
  };
}

const WELL_KNOWN_PORT = { http: 80, https: 443 } as const;

function redirectOf(filter: HTTPRequestRedirectFilter): (RouteActionIr & { kind: 'redirect' })['redirect'] {
  return {
    scheme: filter.scheme,
    hostname: filter.hostname,
    // Without a port, that of the scheme; without a scheme either, that of the listener, which `attach` fills in.
    port: filter.port ?? (filter.scheme === undefined ? undefined : WELL_KNOWN_PORT[filter.scheme]),
    path: pathChange(filter.path),
    status: filter.statusCode,
  };
}

function pathChange(path: HTTPPathModifier | undefined): PathChangeIr | undefined {
  if (path === undefined) return undefined;
  switch (path.type) {
    case 'ReplaceFullPath':
      return { kind: 'full', value: path.replaceFullPath ?? '/' };
    case 'ReplacePrefixMatch':
      return { kind: 'prefix', value: path.replacePrefixMatch ?? '/' };
    default:
      return path.type satisfies never;
  }
}
