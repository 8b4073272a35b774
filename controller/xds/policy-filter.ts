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

const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
const { FAIL_RELOAD } = enumMembers('envoy.extensions.wasm.v3.FailurePolicy');

/** What the `policy` module decides on a route: its bytes and the id that names them. */
export interface PolicyBytes {
  /** First 16 bytes of the SHA-256 of `bytes`, hexadecimal. */
  readonly id: string;
  /** An encoded `sluice.filter.v1.Policy`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
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
  return { id, bytes };
}

/** The place of the filter in a chain: off, its configuration by ECDS. Routes with a policy turn it on. */
export function policyFilter(): HttpFilter {
  return {
    name: POLICY_FILTER,
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

/** The ECDS resource that makes Envoy load the module from `path`. */
export function policyFilterConfig(path: string, digest: string): Init<'envoy.config.core.v3.TypedExtensionConfig'> {
  return {
    name: POLICY_FILTER,
    typedConfig: any(WASM, {
      config: {
        name: POLICY_FILTER,
        rootId: POLICY_FILTER,
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
  };
}

/** What a route with a policy carries: the policy itself and the switch that turns the filter on. */
export function policyPerRoute({ id, bytes }: PolicyBytes): {
  readonly metadata: Init<'envoy.config.core.v3.Metadata'>;
  readonly perFilterConfig: { readonly [filter: string]: Any };
} {
  return {
    metadata: {
      filterMetadata: { [POLICY_FILTER]: { id } },
      typedFilterMetadata: { [POLICY_FILTER]: any('google.protobuf.BytesValue', { value: bytes }) },
    },
    perFilterConfig: { [POLICY_FILTER]: any('envoy.config.route.v3.FilterConfig', { config: {} }) },
  };
}
