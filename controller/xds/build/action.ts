import { enumMembers } from '#proto/load.ts';
import type {
  DestinationIr,
  HostChangeIr,
  MirrorIr,
  PathChangeIr,
  PathMatchIr,
  RedirectIr,
  RouteActionIr,
  SubstitutionIr,
} from '../../ir/route.ts';
import { headerChanges } from './headers.ts';
import { anySpelling } from './match.ts';
import type { Init } from './message.ts';

type RouteAction = Init<'envoy.config.route.v3.RouteAction'>;
type RedirectAction = Init<'envoy.config.route.v3.RedirectAction'>;
type ClusterWeight = Init<'envoy.config.route.v3.WeightedCluster.ClusterWeight'>;
type Forward = Extract<RouteActionIr, { readonly kind: 'forward' }>;
type Substitution = Init<'envoy.type.matcher.v3.RegexMatchAndSubstitute'>;

/** The cluster of back-ends that cannot be had: it never exists, so that Envoy answers for it. */
export const INVALID_BACKEND_CLUSTER = 'sluice.invalid-backend';

type Filters = ClusterWeight['typedPerFilterConfig'];
type Cluster = DestinationIr & { readonly kind: 'cluster' };

const { INTERNAL_SERVER_ERROR, SERVICE_UNAVAILABLE } = enumMembers(
  'envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode',
);

/** What is not in the action itself, but said with it. */
export interface ForwardOptions {
  /** Whether equal requests are sent to the same of several destinations. */
  readonly byHash: boolean;
  /** What a destination says to filters. */
  readonly filtersOf: (destination: Cluster) => NonNullable<Filters>;
}

/** Sends requests to destinations in proportion to their weights, and copies to mirrors. */
export function forward(
  { destinations, rewrite, mirrors = [], invalidStatus }: Forward,
  match: PathMatchIr,
  options: ForwardOptions,
): RouteAction {
  const [only] = destinations;
  const simple = destinations.length === 1 && only?.kind === 'cluster' && isPlain(only);
  return {
    clusterNotFoundResponseCode: invalidStatus === 503 ? SERVICE_UNAVAILABLE : INTERNAL_SERVER_ERROR,
    clusterSpecifier: simple
      ? { case: 'cluster', value: only.cluster.name }
      : { case: 'weightedClusters', value: weightedClusters(destinations, options) },
    ...(rewrite.host === undefined ? {} : { hostRewriteSpecifier: hostRewrite(rewrite.host) }),
    ...(rewrite.path === undefined ? {} : { regexRewrite: pathSubstitution(rewrite.path, match) }),
    ...(rewrite.tellsHost === true ? { appendXForwardedHost: true } : {}),
    ...(mirrors.length === 0 ? {} : { requestMirrorPolicies: mirrors.map(mirrorPolicy) }),
  };
}

function hostRewrite(host: HostChangeIr): NonNullable<RouteAction['hostRewriteSpecifier']> {
  switch (host.kind) {
    case 'name':
      return { case: 'hostRewriteLiteral', value: host.value };
    case 'header':
      return { case: 'hostRewriteHeader', value: host.name };
    case 'endpoint':
      return { case: 'autoHostRewrite', value: { value: true } };
    case 'path':
      return {
        case: 'hostRewritePathRegex',
        value: { pattern: { regex: host.pattern }, substitution: host.substitution },
      };
    default:
      return host satisfies never;
  }
}

const { HUNDRED, MILLION } = enumMembers('envoy.type.v3.FractionalPercent.DenominatorType');

/** A copy has the host of the request, and not one that ends in "-shadow". */
function mirrorPolicy({
  cluster,
  millionths,
}: MirrorIr): Init<'envoy.config.route.v3.RouteAction.RequestMirrorPolicy'> {
  const inHundred = millionths / 10_000;
  const share = Number.isInteger(inHundred)
    ? { numerator: inHundred, denominator: HUNDRED }
    : { numerator: millionths, denominator: MILLION };
  return {
    cluster: cluster.name,
    disableShadowHostSuffixAppend: true,
    ...(inHundred === 100 ? {} : { runtimeFraction: { defaultValue: share } }),
  };
}

/** Answers with a redirect. */
export function redirect(ir: RedirectIr, match: PathMatchIr): RedirectAction {
  return {
    ...(ir.scheme === undefined ? {} : { schemeRewriteSpecifier: { case: 'schemeRedirect', value: ir.scheme } }),
    ...(ir.hostname === undefined ? {} : { hostRedirect: ir.hostname }),
    ...(ir.port === undefined ? {} : { portRedirect: ir.port }),
    ...(ir.path === undefined ? {} : { pathRewriteSpecifier: pathRewrite(ir.path, match) }),
    responseCode: REDIRECT_CODE[ir.status],
  };
}

const CODES = enumMembers('envoy.config.route.v3.RedirectAction.RedirectResponseCode');

/** Envoy's name for a redirect by its status. */
const REDIRECT_CODE = {
  301: CODES.MOVED_PERMANENTLY,
  302: CODES.FOUND,
  303: CODES.SEE_OTHER,
  307: CODES.TEMPORARY_REDIRECT,
  308: CODES.PERMANENT_REDIRECT,
} as const;

function pathRewrite(path: PathChangeIr, match: PathMatchIr): NonNullable<RedirectAction['pathRewriteSpecifier']> {
  switch (path.kind) {
    case 'full':
      return { case: 'pathRedirect', value: path.value };
    case 'prefix':
      return { case: 'regexRewrite', value: pathSubstitution(path, match) };
    default:
      return path satisfies never;
  }
}

/**
 * The substitution that changes a path, query kept. A prefix goes with the slashes after it, so that neither "//" nor a
 * missing slash comes out whatever the replacement ends with.
 */
function pathSubstitution(path: PathChangeIr | SubstitutionIr, match: PathMatchIr): Substitution {
  switch (path.kind) {
    case 'full':
      return { pattern: { regex: '^/.*$' }, substitution: literal(path.value) };
    case 'prefix': {
      const matched = anySpelling(match.kind === 'prefix' ? match.value.replace(/\/+$/u, '') : '');
      const replacement = path.value.replace(/\/+$/u, '');
      return replacement === ''
        ? { pattern: { regex: `^${matched}/*(.*)$` }, substitution: '/\\1' }
        : { pattern: { regex: `^${matched}(/.*)?$` }, substitution: `${literal(replacement)}\\1` };
    }
    case 'regex':
      return { pattern: { regex: path.pattern }, substitution: path.substitution };
    default:
      return path satisfies never;
  }
}

/** Text as a substitution that yields just it; what a path cannot have as it is, is percent-encoded (RFC 3986). */
function literal(text: string): string {
  return text.replaceAll(/[^\0-\u007f]+/gu, encodeURIComponent).replaceAll('\\', '\\\\');
}

/** Whether a destination says nothing that only one of several can. */
function isPlain({ requestHeaders, responseHeaders, hostname, cors, credential }: Cluster): boolean {
  const changes = [requestHeaders, responseHeaders].some(
    ({ set, add, remove }) => set.length + add.length + remove.length,
  );
  return !changes && (hostname ?? cors ?? credential) === undefined;
}

function weightedClusters(
  destinations: readonly DestinationIr[],
  options: ForwardOptions,
): Init<'envoy.config.route.v3.WeightedCluster'> {
  return {
    clusters: destinations.map((destination) => clusterWeight(destination, options)),
    ...(options.byHash ? { randomValueSpecifier: { case: 'useHashPolicy', value: { value: true } } } : {}),
  };
}

function clusterWeight(destination: DestinationIr, { filtersOf }: ForwardOptions): ClusterWeight {
  switch (destination.kind) {
    case 'invalid':
      return { name: INVALID_BACKEND_CLUSTER, weight: destination.weight };
    case 'cluster': {
      const { hostname } = destination;
      const request = headerChanges(destination.requestHeaders);
      const response = headerChanges(destination.responseHeaders);
      return {
        name: destination.cluster.name,
        weight: destination.weight,
        requestHeadersToAdd: request.toAdd,
        requestHeadersToRemove: request.toRemove,
        responseHeadersToAdd: response.toAdd,
        responseHeadersToRemove: response.toRemove,
        typedPerFilterConfig: filtersOf(destination),
        ...(hostname === undefined
          ? {}
          : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: hostname } as const }),
      };
    }
    default:
      return destination satisfies never;
  }
}
