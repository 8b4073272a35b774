import type { Any } from '@bufbuild/protobuf/wkt';
import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { enumMembers, schema } from '#proto/load.ts';
import { writtenNames } from '../features/header-rewrite/config.ts';
import { type NativeResponse, nativeResponse, responseMutations } from '../features/header-rewrite/xds.ts';
import {
  MATCHED,
  onlyWhenLeftToSidecar,
  SIDECAR_FILTER,
  sidecarFilter,
  sidecarPerRoute,
} from '../features/oidc/xds.ts';
import { policyMessage } from '../features/policy-message.ts';
import type { OidcIr } from '../ir/oidc.ts';
import type { RouteFeaturesIr, SharedPolicyIr } from '../ir/route.ts';
import { withNeeds } from '#proto/needs.ts';
import { adsSource } from './build/config-source.ts';
import { any, duration, type Init } from './build/message.ts';
import { once } from '../ir/once.ts';
import type { PolicyPlaces } from './policy-places.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** Name of the filter, of its ECDS resource and of the metadata in which routes carry their policy. A contract. */
export const POLICY_FILTER = 'sluice.policy';
/** The same module behind the sidecar, behind users' filters, and behind a change of route; it knows its place by these names. A contract with it. */
const LOGIN_FILTER = 'sluice.policy.login';
const AFTER_FILTER = 'sluice.policy.after';
const RECHECK_FILTER = 'sluice.policy.recheck';
const AFTER_RECHECK_FILTER = 'sluice.policy.after.recheck';
/** The native filters before each of them, which make Envoy choose the route anew. */
const REROUTE_FILTERS = {
  [AFTER_FILTER]: `${AFTER_FILTER}.reroute`,
  [RECHECK_FILTER]: 'sluice.policy.reroute',
  [AFTER_RECHECK_FILTER]: `${AFTER_RECHECK_FILTER}.reroute`,
} as const;

const PLACES = [POLICY_FILTER, AFTER_FILTER, RECHECK_FILTER, AFTER_RECHECK_FILTER] as const;
/** Names of the ECDS resources of the module. */
export const POLICY_CONFIGS: readonly string[] = [...PLACES, LOGIN_FILTER];

const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
const { FAIL_RELOAD } = enumMembers('envoy.extensions.wasm.v3.FailurePolicy');

/** What the `policy` module decides on a route: its bytes and the id that names them. */
export interface PolicyBytes {
  /** First 16 bytes of the SHA-256 of `bytes`, hexadecimal; of a shared policy "@" and 31 digits that stand for the rest. */
  readonly id: string;
  /** Whether the bytes are in the configuration of the filter instead of in the route. */
  readonly isShared: boolean;
  /** An encoded `sluice.filter.v1.Policy`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The request headers that it may write, and so lead the request to another route. Lower case. */
  readonly writes: readonly string[];
  /** Those of them that claims fill, where that is all it writes and none of it may lead to another route. */
  readonly stays: readonly string[];
  /** The client for which the sidecar logs users in. */
  readonly login: string | undefined;
  readonly hasLimits: boolean;
  /** What Envoy changes of responses. */
  readonly response: NativeResponse | undefined;
}

/** The policy of a route, or `undefined` where the filter has nothing to decide. Made once for the same features. */
export const policyBytes = once(encodePolicy);

/**
 * A policy that routes share. Its id stands for its place and for all that routes must know of it, which is everything but
 * its bytes: when those change, and nothing else, no route does; when more changes, routes come to name another one, so that
 * each has a policy that fits at any moment.
 */
const sharedBytes = once(({ place, features }: SharedPolicyIr): PolicyBytes | undefined => {
  const policy = encodePolicy(features);
  if (policy === undefined) return undefined;
  const { id: _, bytes, isShared: __, ...known } = policy;
  const name = createHash('sha256')
    .update(JSON.stringify([place, known]))
    .digest('hex');
  return { ...known, id: `@${name.slice(0, 31)}`, bytes, isShared: true };
});

function encodePolicy(features: RouteFeaturesIr): PolicyBytes | undefined {
  const { jwt, oidc, rateLimit, headerRewrite, shared } = features;
  if (shared !== undefined) return sharedBytes(shared);
  const bytes = policyMessage(features);
  if (bytes === undefined) return undefined;
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const claims = jwt?.providers.flatMap(({ claimToHeaders }) => claimToHeaders) ?? [];
  const filled = [...new Set(claims.map(({ header }) => header))];
  const leads = jwt?.providers.some(({ recomputesRoute }) => recomputesRoute) === true;
  const mayStay = !leads && oidc === undefined && headerRewrite === undefined && filled.every(isPlainName);
  return {
    id,
    bytes,
    isShared: false,
    writes: [
      ...claims.map(({ header }) => header),
      ...writtenBySidecar(oidc),
      ...(headerRewrite === undefined ? [] : writtenNames(headerRewrite.request)),
    ],
    stays: mayStay ? filled : [],
    login: oidc?.client.id,
    hasLimits: rateLimit !== undefined,
    response: headerRewrite === undefined ? undefined : nativeResponse(headerRewrite.response),
  };
}

/** Whether a name can stand in a format of Envoy's. */
function isPlainName(name: string): boolean {
  return /^[\w-]+$/u.test(name);
}

/** The headers that the sidecar writes: with them Envoy may choose another route once it is asked to. */
function writtenBySidecar(oidc: OidcIr | undefined): readonly string[] {
  if (oidc === undefined) return [];
  const { forwardAccessToken, idTokenHeader } = oidc.client;
  return [
    'cookie',
    ...(forwardAccessToken ? ['authorization'] : []),
    ...(idTokenHeader === undefined ? [] : [idTokenHeader]),
  ];
}

/** The first place of the module in a chain: off, its configuration by ECDS, until a route turns it on. */
export function firstPolicyFilter(): HttpFilter {
  return wasmFilter(POLICY_FILTER);
}

/** The sidecar, which logs users in, and the module behind it, for the requests that are left to it alone; both off. */
export function loginFilters(): readonly HttpFilter[] {
  return [sidecarFilter(), discoveredFilter(LOGIN_FILTER, MATCHED)];
}

/**
 * The places of the module behind users' filters, off. Each has a native filter before it that asks Envoy for the route and
 * changes nothing: headers that were written make Envoy choose the route anew, but only once somebody native asks.
 */
export function laterPolicyFilters(): readonly HttpFilter[] {
  return [
    rerouteFilter(REROUTE_FILTERS[AFTER_FILTER]),
    wasmFilter(AFTER_FILTER),
    rerouteFilter(REROUTE_FILTERS[RECHECK_FILTER]),
    wasmFilter(RECHECK_FILTER),
    rerouteFilter(REROUTE_FILTERS[AFTER_RECHECK_FILTER]),
    wasmFilter(AFTER_RECHECK_FILTER),
  ];
}

function wasmFilter(name: string): HttpFilter {
  return discoveredFilter(name, WASM);
}

/** A filter whose configuration, of this message, comes by ECDS. */
function discoveredFilter(name: string, message: string): HttpFilter {
  return {
    name,
    disabled: true,
    configType: {
      case: 'configDiscovery',
      value: {
        // While there is no module the routes without a policy must not wait for it (Envoy's default is 15 s).
        configSource: { ...adsSource(), initialFetchTimeout: duration(10) },
        typeUrls: [`type.googleapis.com/${message}`],
      },
    },
  };
}

function rerouteFilter(name: string): HttpFilter {
  return {
    name,
    disabled: true,
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {}),
    },
  };
}

/** The id of a shared policy. */
export function sharedId(shared: SharedPolicyIr): string | undefined {
  return sharedBytes(shared)?.id;
}

/** The configuration of the module (`sluice.filter.v1.PolicyFilter`): the policies that routes share. */
export function policyConfiguration(shared: readonly SharedPolicyIr[]): Uint8Array<ArrayBuffer> {
  const policies = new Map(shared.flatMap((one) => sharedBytes(one) ?? []).map(({ id, bytes }) => [id, bytes]));
  const type = schema('sluice.filter.v1.PolicyFilter');
  const sorted = [...policies].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, policy]) => ({ id, policy }));
  return toBinary(type, withNeeds(type, create(type, { shared: sorted })));
}

/** The ECDS resources that make Envoy load the module from `path`: one VM for all places of it. */
export function policyFilterConfigs(
  path: string,
  digest: string,
  shared: readonly SharedPolicyIr[],
): readonly Init<'envoy.config.core.v3.TypedExtensionConfig'>[] {
  const configuration = policyConfiguration(shared);
  const wasm = (name: string): Any => wasmConfig(name, { path, digest }, configuration);
  return [
    ...PLACES.map((name) => ({ name, typedConfig: wasm(name) })),
    { name: LOGIN_FILTER, typedConfig: onlyWhenLeftToSidecar(LOGIN_FILTER, wasm(LOGIN_FILTER)) },
  ];
}

function wasmConfig(
  name: string,
  { path, digest }: { readonly path: string; readonly digest: string },
  configuration: Uint8Array<ArrayBuffer>,
): Any {
  return any(WASM, {
    config: {
      // The module knows its place by this name.
      name,
      // Another configuration is another root context: the module tells them apart by this.
      rootId: `${name}/${shortDigest(configuration)}`,
      vm: {
        case: 'vmConfig',
        value: {
          vmId: `${POLICY_FILTER}/${digest}`,
          runtime: 'envoy.wasm.runtime.v8',
          code: { specifier: { case: 'local', value: { specifier: { case: 'filename', value: path } } } },
        },
      },
      configuration: any('google.protobuf.BytesValue', { value: configuration }),
      failurePolicy: FAIL_RELOAD,
      // Envoy's default of a second turns one trap into a second of 503; less than 10 ms kills Envoy.
      reloadConfig: { backoff: { baseInterval: duration(10), maxInterval: duration(10) } },
    },
  });
}

/** Behind an id in the metadata of a route: its policy is evaluated again behind users' filters. A contract with the module. */
const AGAIN = '+';
/** The same: headers that claims fill are written by the route, so that it stays this one. A contract with the module. */
const STAYS = '=';

/**
 * What a route carries: its policy, when it has one, and what turns on the places at which policies are evaluated. `counting`
 * says to the filter where and under which name requests are counted, where the policy has rate limits. `isAnswer` is whether
 * the route answers by itself.
 */
export function policyPerRoute(
  policy: PolicyBytes | undefined,
  { first, login, after, recheck, stays }: PolicyPlaces,
  counting: string,
  isAnswer: boolean,
): {
  readonly metadata: Init<'envoy.config.core.v3.Metadata'> | undefined;
  readonly perFilterConfig: { readonly [filter: string]: Any };
} {
  return {
    metadata:
      policy === undefined
        ? after
          ? OWN_FILTERS
          : undefined
        : policyMetadata(policy, (after ? AGAIN : '') + (stays ? STAYS : ''), counting),
    perFilterConfig: {
      ...(first && { [POLICY_FILTER]: turnedOn() }),
      ...(login !== undefined && { [SIDECAR_FILTER]: sidecarPerRoute(login), [LOGIN_FILTER]: turnedOn() }),
      ...(after && withReroute(AFTER_FILTER)),
      ...(recheck && withReroute(after ? AFTER_RECHECK_FILTER : RECHECK_FILTER)),
      // A filter that changes headers is there already, on the way of every answer.
      ...(isAnswer &&
        policy?.response !== undefined && { [REROUTE_FILTERS[RECHECK_FILTER]]: responding(policy.response) }),
    },
  };
}

/** What a route without a policy says that has filters of users: nothing may lead to it past them. */
const OWN_FILTERS = { filterMetadata: { [POLICY_FILTER]: { filters: 'own' } } } as const;

function policyMetadata(
  { id, bytes, isShared, hasLimits }: PolicyBytes,
  places: string,
  counting: string,
): Init<'envoy.config.core.v3.Metadata'> {
  const mark = places + (hasLimits ? counting : '');
  return {
    filterMetadata: { [POLICY_FILTER]: { id: id + mark } },
    ...(isShared
      ? {}
      : { typedFilterMetadata: { [POLICY_FILTER]: any('google.protobuf.BytesValue', { value: bytes }) } }),
  };
}

function responding(response: NativeResponse): Any {
  const mutations = { responseMutations: [...responseMutations(response)] };
  return any('envoy.config.route.v3.FilterConfig', {
    config: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute', { mutations }),
  });
}

function withReroute(name: keyof typeof REROUTE_FILTERS): { readonly [filter: string]: Any } {
  const nothing = any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute', { mutations: {} });
  return {
    [REROUTE_FILTERS[name]]: any('envoy.config.route.v3.FilterConfig', { config: nothing }),
    [name]: turnedOn(),
  };
}

/** The configuration of a route that turns a filter on as it is. */
function turnedOn(): Any {
  return any('envoy.config.route.v3.FilterConfig', { config: {} });
}

function shortDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
