import type { Any } from '@bufbuild/protobuf/wkt';
import { likeHandedOn } from '../features/handed-on.ts';
import { laterGateTurnedOn, marksPerRoute } from '../features/asked/xds.ts';
import { API_KEY_FILTER, apiKeyAuthPerRoute } from '../features/api-key-auth/xds.ts';
import { basicAuthFilterName, basicAuthPerRoute } from '../features/basic-auth/xds.ts';
import { backendCookies } from '../features/oidc/xds.ts';
import { compressorFilterName, compressorPerRoute } from '../features/compressor/xds.ts';
import { corsFilter } from '../features/cors/xds.ts';
import { credentialFilterName, credentialPerRoute } from '../features/credential/xds.ts';
import { externalAuthFilterName, externalAuthPerRoute } from '../features/external-auth/xds.ts';
import { extProcFilterName, extProcPerRoute } from '../features/ext-proc/xds.ts';
import { opensTunnels, upgradeConfigs } from '../features/http-upgrade/xds.ts';
import type { NativeResponse } from '../features/header-rewrite/xds.ts';
import { claimHeaders } from '../features/jwt/xds.ts';
import { hashPolicy } from '../features/load-balancer/xds.ts';
import { countersOf } from '../features/rate-limit/xds.ts';
import { retryPolicy } from '../features/retry/xds.ts';
import { routeTimeouts } from '../features/timeout/xds.ts';
import { wasmFilterName, wasmPerRoute } from '../features/wasm/xds.ts';
import type { CredentialIr } from '../ir/credential.ts';
import {
  type DestinationIr,
  type RouteActionIr,
  type RouteFeaturesIr,
  type RouteIr,
  serversAsked,
} from '../ir/route.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { forward, redirect } from './build/action.ts';
import { headerChanges } from './build/headers.ts';
import { routeMatch } from './build/match.ts';
import type { Init } from './build/message.ts';
import { nativePerRoute } from './native-filters.ts';
import { policyBytes, policyPerRoute } from './policy-filter.ts';
import { leavesCounting, type PolicyPlaces, policyPlaces, type Surroundings } from './policy-places.ts';
import { virtualHostName } from './route-configuration.ts';

type Route = Init<'envoy.config.route.v3.Route'>;

/** The Envoy virtual host of a host name in a RouteConfiguration. */
export function virtualHost(
  ir: VirtualHostIr,
  configuration: string,
  around: Surroundings,
): Init<'envoy.config.route.v3.VirtualHost'> {
  return {
    name: virtualHostName(configuration, ir.hostname),
    domains: [ir.hostname],
    routes: ir.routes.map((one) => route(one, policyPlaces(one, ir, around), around)),
  };
}

function route(ir: RouteIr, places: PolicyPlaces, around: Surroundings): Route {
  const request = headerChanges(ir.requestHeaders);
  const response = headerChanges(ir.responseHeaders);
  const cookies = ir.features.oidc === undefined ? NO_CHANGES : backendCookies();
  const policy = policyBytes(ir.features);
  const own = new Set(request.toRemove);
  const claims = places.stays ? claimHeaders((policy?.stays ?? []).filter((name) => !own.has(name))) : NO_CHANGES;
  const isAnswer = ir.action.kind !== 'forward';
  const rewritten = (isAnswer ? undefined : policy?.response) ?? NO_RESPONSE;
  // What the policy says of a header counts, and not what the route does.
  const isFree = (name: string): boolean => policy?.response?.owned.includes(name) !== true;
  return {
    name: ir.name,
    match: opensTunnels(ir.features) ? { ...routeMatch(ir.match), ...ANY_TUNNEL } : routeMatch(ir.match),
    action: action(ir.action, ir),
    // What a route says of cookies itself comes last, and counts.
    requestHeadersToAdd: [...cookies.toAdd, ...claims.toAdd, ...request.toAdd],
    requestHeadersToRemove: [
      ...cookies.toRemove,
      ...claims.toRemove,
      ...request.toRemove,
      ...compressedHere(ir.features),
      ...likeHandedOn(ir.features),
    ],
    responseHeadersToAdd: [...response.toAdd.filter(({ header }) => isFree(header?.key ?? '')), ...rewritten.toAdd],
    responseHeadersToRemove: [
      ...new Set([...response.toRemove.filter(isFree), ...rewritten.toRemove, ...reportsOf(ir.features)]),
    ],
    ...(ir.features.statName === undefined ? {} : { statPrefix: ir.features.statName }),
    ...featuresOf(ir, places, `${leavesCounting(places, around)}${countersOf(ir.name)}`, around),
  };
}

function action(ir: RouteActionIr, { match, features }: RouteIr): NonNullable<Route['action']> {
  switch (ir.kind) {
    case 'forward':
      return { case: 'route', value: forwarded(ir, match, features) };
    case 'redirect':
      return { case: 'redirect', value: redirect(ir.redirect, match.path) };
    case 'respond':
      return { case: 'directResponse', value: { status: ir.status, ...bodyOf(ir.body) } };
    default:
      return ir satisfies never;
  }
}

function bodyOf(body: Uint8Array | undefined): Pick<Init<'envoy.config.route.v3.DirectResponseAction'>, 'body'> {
  return body === undefined ? {} : { body: { specifier: { case: 'inlineBytes', value: new Uint8Array(body) } } };
}

type Forward = Extract<RouteActionIr, { readonly kind: 'forward' }>;
type Destination = Extract<DestinationIr, { readonly kind: 'cluster' }>;

/** What a back-end says to filters; it goes before what its route says. */
function filtersOf({ cors, credential }: Destination): { readonly [filter: string]: Any } {
  const corsConfig = cors === undefined ? undefined : corsFilter.perRoute({ cors });
  return {
    ...(corsConfig === undefined ? {} : { [corsFilter.name]: corsConfig }),
    ...(credential === undefined ? {} : { [credentialFilterName(credential)]: credentialPerRoute() }),
  };
}

function forwarded(
  to: Forward,
  { path }: RouteIr['match'],
  features: RouteFeaturesIr,
): Init<'envoy.config.route.v3.RouteAction'> {
  const { hashes = [], timeouts, retry } = features;
  const upgrades = upgradeConfigs(features);
  return {
    ...forward(to, path, { byHash: hashes.length > 0, filtersOf }),
    ...(hashes.length === 0 ? {} : { hashPolicy: hashes.map(hashPolicy) }),
    ...(timeouts === undefined ? {} : routeTimeouts(timeouts)),
    ...(retry === undefined ? {} : { retryPolicy: retryPolicy(retry) }),
    ...(upgrades.length === 0 ? {} : { upgradeConfigs: upgrades }),
  };
}

/** Requests that open a tunnel have no path. */
const ANY_TUNNEL = { pathSpecifier: { case: 'connectMatcher', value: {} } } as const;

/** What is compressed here must not come compressed already. */
function compressedHere({ compressors = [] }: RouteFeaturesIr): readonly string[] {
  return compressors.length === 0 ? [] : ['accept-encoding'];
}

/** The headers in which back-ends report their utilization, where clients are not to get them. */
function reportsOf({ backend }: RouteFeaturesIr): readonly string[] {
  const algorithm = backend?.loadBalancer?.algorithm;
  if (algorithm?.kind !== 'utilization' || algorithm.report.keepsHeaders) return [];
  return ['endpoint-load-metrics', 'endpoint-load-metrics-bin'];
}

function featuresOf(
  of: RouteIr,
  places: PolicyPlaces,
  counting: string,
  { hasPatchedFilters }: Surroundings,
): Pick<Route, 'metadata' | 'typedPerFilterConfig'> {
  const ir = of.features;
  const credentials = credentialsOf(of);
  const processors = (ir.extProc ?? []).map((processor, index) => [
    extProcFilterName(index, processor),
    extProcPerRoute(processor),
  ]);
  const compressors = (ir.compressors ?? []).map((one) => [compressorFilterName(one), compressorPerRoute()]);
  const wasm = (ir.wasm ?? []).map((filter) => [wasmFilterName(filter), wasmPerRoute()]);
  const { basicAuth, apiKeyAuth, credential } = ir;
  const auth = [
    ...serversAsked(ir).map((server) => [externalAuthFilterName(server), externalAuthPerRoute(server)]),
    ...(basicAuth === undefined ? [] : [[basicAuthFilterName(basicAuth), basicAuthPerRoute(basicAuth)]]),
    ...(apiKeyAuth === undefined ? [] : [[API_KEY_FILTER, apiKeyAuthPerRoute(apiKeyAuth)]]),
    ...marksPerRoute(ir, credentials),
  ];
  const injected = credential === undefined ? [] : [[credentialFilterName(credential), credentialPerRoute()]];
  const { metadata, perFilterConfig } = policyPerRoute(policyBytes(ir), places, counting, of.action.kind !== 'forward');
  return {
    ...(metadata === undefined ? {} : { metadata }),
    typedPerFilterConfig: {
      ...(hasPatchedFilters ? laterGateTurnedOn : {}),
      ...nativePerRoute(ir, credentials),
      ...perFilterConfig,
      ...Object.fromEntries([...auth, ...processors, ...wasm, ...injected, ...compressors]),
    },
  };
}

/** The credentials that a route or its back-ends put into requests. */
export function credentialsOf({ action: to, features: { credential } }: RouteIr): readonly CredentialIr[] {
  const destinations = to.kind === 'forward' ? to.destinations : [];
  const ofBackEnds = destinations.flatMap((one) => (one.kind === 'cluster' ? (one.credential ?? []) : []));
  return [...(credential === undefined ? [] : [credential]), ...ofBackEnds];
}

const NO_RESPONSE: NativeResponse = { toAdd: [], toRemove: [], owned: [] };
const NO_CHANGES = { toAdd: [], toRemove: [] } as const;
