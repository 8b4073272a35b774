import type { Any } from '@bufbuild/protobuf/wkt';
import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import { enumMembers, schema } from '#proto/load.ts';
import { authorizationConfig } from '../features/authorization/config.ts';
import { jwtConfig } from '../features/jwt/config.ts';
import type { RouteFeaturesIr } from '../ir/route.ts';
import { withNeeds } from '#proto/needs.ts';
import { adsSource } from './build/config-source.ts';
import { any, duration, encode, type Init } from './build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** Name of the filter, of its ECDS resource and of the metadata in which routes carry their policy. A contract. */
export const POLICY_FILTER = 'sluice.policy';
/** The same module behind a change of route; it knows its place by this name. A contract with the module. */
const RECHECK_FILTER = 'sluice.policy.recheck';
/** The native filter that makes Envoy choose the route anew. */
const REROUTE_FILTER = 'sluice.policy.reroute';

const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
const { FAIL_RELOAD } = enumMembers('envoy.extensions.wasm.v3.FailurePolicy');

/** What the `policy` module decides on a route: its bytes and the id that names them. */
export interface PolicyBytes {
  /** First 16 bytes of the SHA-256 of `bytes`, hexadecimal. */
  readonly id: string;
  /** An encoded `sluice.filter.v1.Policy`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it may write request headers, and so lead the request to another route. */
  readonly writesHeaders: boolean;
}

/** The policy of a route, or `undefined` where the filter has nothing to decide. */
export function policyBytes(features: RouteFeaturesIr): PolicyBytes | undefined {
  const { jwt, authorization, source } = features;
  if (jwt === undefined && authorization === undefined) return undefined;
  const type = schema('sluice.filter.v1.Policy');
  const message = create(type, {
    source: source ?? '',
    ...(jwt === undefined ? {} : { jwt: jwtConfig(jwt) }),
    ...(authorization === undefined ? {} : { authorization: authorizationConfig(authorization) }),
  });
  const bytes = toBinary(type, withNeeds(type, message));
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  const writesHeaders = jwt?.providers.some(({ claimToHeaders }) => claimToHeaders.length > 0) ?? false;
  return { id, bytes, writesHeaders };
}

/**
 * The places of the module in a chain: off, their configuration by ECDS. Routes with a policy turn on the first.
 *
 * A header that the first one writes makes Envoy choose the route anew, but only once a native filter has asked for it:
 * `REROUTE` does, and changes nothing. The module behind it then judges the request by the policy of the route it has come
 * to, so that no claim leads past another route's policy. Routes whose policy writes headers turn all three on.
 */
export function policyFilters(): readonly HttpFilter[] {
  return [wasmFilter(POLICY_FILTER), rerouteFilter(), wasmFilter(RECHECK_FILTER)];
}

function wasmFilter(name: string): HttpFilter {
  return {
    name,
    disabled: true,
    configType: {
      case: 'configDiscovery',
      value: {
        // While there is no module the routes without a policy must not wait for it (Envoy's default is 15 s).
        configSource: { ...adsSource(), initialFetchTimeout: duration(10) },
        typeUrls: [`type.googleapis.com/${WASM}`],
      },
    },
  };
}

function rerouteFilter(): HttpFilter {
  return {
    name: REROUTE_FILTER,
    disabled: true,
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {}),
    },
  };
}

/** The ECDS resources that make Envoy load the module from `path`: one VM for all places of it. */
export function policyFilterConfigs(
  path: string,
  digest: string,
): readonly Init<'envoy.config.core.v3.TypedExtensionConfig'>[] {
  return [POLICY_FILTER, RECHECK_FILTER].map((name) => ({
    name,
    typedConfig: any(WASM, {
      config: {
        // The module knows its place by this name.
        name,
        rootId: name,
        vm: {
          case: 'vmConfig',
          value: {
            vmId: `${POLICY_FILTER}/${digest}`,
            runtime: 'envoy.wasm.runtime.v8',
            code: { specifier: { case: 'local', value: { specifier: { case: 'filename', value: path } } } },
          },
        },
        configuration: any('google.protobuf.BytesValue', { value: encode('sluice.filter.v1.PolicyFilter', {}) }),
        failurePolicy: FAIL_RELOAD,
        // Envoy's default of a second turns one trap into a second of 503; less than 10 ms kills Envoy.
        reloadConfig: { backoff: { baseInterval: duration(10), maxInterval: duration(10) } },
      },
    }),
  }));
}

/** What a route with a policy carries: the policy itself and the switch that turns the filter on. */
export function policyPerRoute({ id, bytes, writesHeaders }: PolicyBytes): {
  readonly metadata: Init<'envoy.config.core.v3.Metadata'>;
  readonly perFilterConfig: { readonly [filter: string]: Any };
} {
  return {
    metadata: {
      filterMetadata: { [POLICY_FILTER]: { id } },
      typedFilterMetadata: { [POLICY_FILTER]: any('google.protobuf.BytesValue', { value: bytes }) },
    },
    perFilterConfig: Object.fromEntries(
      (writesHeaders ? [POLICY_FILTER, REROUTE_FILTER, RECHECK_FILTER] : [POLICY_FILTER]).map((name) => [
        name,
        turnedOn(name),
      ]),
    ),
  };
}

/** The configuration of a route that turns a filter on as it is. */
function turnedOn(name: string): Any {
  const config =
    name === REROUTE_FILTER
      ? any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute', { mutations: {} })
      : {};
  return any('envoy.config.route.v3.FilterConfig', { config });
}
