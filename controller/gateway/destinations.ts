import type { HTTPBackendRef, HTTPFilter } from '#controller/api/gen/types.d.ts';
import { resolveBackend } from '../backends/resolve.ts';
import type { DestinationIr, MirrorIr } from '../ir/route.ts';
import type { Refusal } from '../resources/verdict.ts';
import { type FilterContext, type FilterOutcome, ruleFilters } from './rule-filters.ts';

/** What resolving back-ends tells whom. */
interface BackendContext extends FilterContext {
  /** Takes what cannot be done. */
  readonly invalid: Refusal[];
}

/** Where the requests of a rule go, and copies of them. */
interface Destinations {
  readonly destinations: readonly DestinationIr[];
  readonly mirrors: readonly MirrorIr[];
}

/** Resolves the back-ends of a rule, with the filters that each has of its own; `at` is the place of the rule. */
export function destinationsOf(
  backendRefs: readonly HTTPBackendRef[],
  at: string,
  context: BackendContext,
): Destinations {
  const used = [...backendRefs.entries()].filter(([, { weight }]) => weight > 0);
  const isOnly = used.length === 1;
  const found = used.map(([index, ref]) => destinationOf(ref, `${at}.backendRefs[${index}]`, isOnly, context));
  return { destinations: found.map(({ to }) => to), mirrors: found.flatMap(({ mirrors }) => mirrors) };
}

interface Found {
  readonly to: DestinationIr;
  readonly mirrors: readonly MirrorIr[];
}

function destinationOf(ref: HTTPBackendRef, at: string, isOnly: boolean, context: BackendContext): Found {
  const { from, resources, settings, problems, invalid, protocol } = context;
  const { weight, filters = [] } = ref;
  const refused: Found = { to: { kind: 'invalid', weight }, mirrors: [] };
  const found = resolveBackend(ref, from, resources, settings, protocol);
  if (!found.ok) {
    problems.push(found.refusal);
    return refused;
  }
  const own = ruleFilters(filters, context);
  if (own.kind === 'invalid') {
    invalid.push({ ...own.refusal, message: `${at}.${own.refusal.message}` });
    return refused;
  }
  if (own.kind === 'unresolved') return refused;
  const problem = unsupported(filters, own, isOnly);
  if (problem !== undefined) {
    problems.push({ reason: 'UnsupportedRefValue', message: `${from.kind}: ${at}.${problem}` });
    return refused;
  }
  const { requestHeaders, responseHeaders, rewrite, cors, credential, mirrors } = own.filters;
  const hostname = rewrite.host?.kind === 'name' ? rewrite.host.value : undefined;
  return {
    to: {
      kind: 'cluster',
      weight,
      cluster: found.value,
      requestHeaders,
      responseHeaders,
      ...(hostname === undefined ? {} : { hostname }),
      ...(cors === undefined ? {} : { cors }),
      ...(credential === undefined ? {} : { credential }),
    },
    mirrors,
  };
}

/** What Envoy cannot do for one of several back-ends (envoy.config.route.v3.WeightedCluster.ClusterWeight). */
function unsupported(
  filters: readonly HTTPFilter[],
  { filters: own }: FilterOutcome & { readonly kind: 'filters' },
  isOnly: boolean,
): string | undefined {
  const types = filters.map(({ type }) => type);
  for (const type of ['RequestRedirect', 'ExternalAuth'] as const) {
    if (types.includes(type)) return `filters: found ${type}, which is for rules alone`;
  }
  if (!isOnly && own.mirrors.length > 0) {
    return 'filters: found RequestMirror, which is for rules, and for the only back-end of a rule';
  }
  const { host, path, tellsHost } = own.rewrite;
  if (path !== undefined) return 'filters: found a new path, which is for rules alone; a back-end may have a new host';
  if ((host !== undefined && host.kind !== 'name') || tellsHost === true) {
    return 'filters: found a host that is not written out, which is for rules alone';
  }
  if (own.response !== undefined) return 'filters: found directResponse, which is for rules alone';
  return own.cookies.length > 0 ? 'filters: found matches, which are for rules alone' : undefined;
}
