import { enumMembers } from '#proto/load.ts';
import type { DestinationIr, PathChangeIr, PathMatchIr, RedirectIr, RewriteIr } from '../../ir/route.ts';
import { headerChanges } from './headers.ts';
import type { Init } from './message.ts';

type RouteAction = Init<'envoy.config.route.v3.RouteAction'>;
type RedirectAction = Init<'envoy.config.route.v3.RedirectAction'>;
type Substitution = Init<'envoy.type.matcher.v3.RegexMatchAndSubstitute'>;

/** The cluster of back-ends that cannot be had: it never exists, so that Envoy answers 500 for it. */
export const INVALID_BACKEND_CLUSTER = 'sluice.invalid-backend';

/**
 * Sends requests to `destinations` in proportion to their weights; `byHash` chooses equal requests the same one.
 */
export function forward(
  destinations: readonly DestinationIr[],
  rewrite: RewriteIr,
  match: PathMatchIr,
  byHash: boolean,
): RouteAction {
  const [only] = destinations;
  const simple = destinations.length === 1 && only?.kind === 'cluster' && !changesHeaders(only);
  return {
    clusterNotFoundResponseCode: enumMembers('envoy.config.route.v3.RouteAction.ClusterNotFoundResponseCode')
      .INTERNAL_SERVER_ERROR,
    clusterSpecifier: simple
      ? { case: 'cluster', value: only.cluster.name }
      : { case: 'weightedClusters', value: weightedClusters(destinations, byHash) },
    ...(rewrite.hostname === undefined
      ? {}
      : { hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: rewrite.hostname } }),
    ...(rewrite.path === undefined ? {} : { regexRewrite: pathSubstitution(rewrite.path, match) }),
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
function pathSubstitution(path: PathChangeIr, match: PathMatchIr): Substitution {
  switch (path.kind) {
    case 'full':
      return { pattern: { regex: '^/.*$' }, substitution: literal(path.value) };
    case 'prefix': {
      const matched = quote(match.kind === 'prefix' ? match.value.replace(/\/+$/u, '') : '');
      const replacement = path.value.replace(/\/+$/u, '');
      return replacement === ''
        ? { pattern: { regex: `^${matched}/*(.*)$` }, substitution: '/\\1' }
        : { pattern: { regex: `^${matched}(/.*)?$` }, substitution: `${literal(replacement)}\\1` };
    }
    default:
      return path satisfies never;
  }
}

/** Text as a regular expression (RE2) that matches just it. */
function quote(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, '\\$&');
}

/** Text as a substitution that yields just it; what a path cannot have as it is, is percent-encoded (RFC 3986). */
function literal(text: string): string {
  return text.replaceAll(/[^\0-\u007f]+/gu, encodeURIComponent).replaceAll('\\', '\\\\');
}

function changesHeaders(destination: DestinationIr & { kind: 'cluster' }): boolean {
  return [destination.requestHeaders, destination.responseHeaders].some(
    ({ set, add, remove }) => set.length + add.length + remove.length > 0,
  );
}

function weightedClusters(
  destinations: readonly DestinationIr[],
  byHash: boolean,
): Init<'envoy.config.route.v3.WeightedCluster'> {
  return {
    clusters: destinations.map(clusterWeight),
    ...(byHash ? { randomValueSpecifier: { case: 'useHashPolicy', value: { value: true } } } : {}),
  };
}

function clusterWeight(destination: DestinationIr): Init<'envoy.config.route.v3.WeightedCluster.ClusterWeight'> {
  switch (destination.kind) {
    case 'invalid':
      return { name: INVALID_BACKEND_CLUSTER, weight: destination.weight };
    case 'cluster': {
      const request = headerChanges(destination.requestHeaders);
      const response = headerChanges(destination.responseHeaders);
      return {
        name: destination.cluster.name,
        weight: destination.weight,
        requestHeadersToAdd: request.toAdd,
        requestHeadersToRemove: request.toRemove,
        responseHeadersToAdd: response.toAdd,
        responseHeadersToRemove: response.toRemove,
      };
    }
    default:
      return destination satisfies never;
  }
}
