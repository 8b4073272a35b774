import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { LoadedFilterIr, WasmFilterIr } from '../../ir/wasm-filter.ts';
import { adsSource } from '../../xds/build/config-source.ts';
import { any, duration, type Init } from '../../xds/build/message.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;
type ExtensionConfig = Init<'envoy.config.core.v3.TypedExtensionConfig'>;

const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
/** A filter that does nothing: what stands in the place of one that is left out. */
const NOTHING = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';
const { FAIL_RELOAD, FAIL_OPEN } = enumMembers('envoy.extensions.wasm.v3.FailurePolicy');

/** Name of a user's filter and of its ECDS resource. A contract: patches rest on it. */
export function wasmFilterName({ name }: Pick<WasmFilterIr, 'name'>): string {
  return `${PREFIX}${name}`;
}

const PREFIX = 'sluice.wasm/';

/** Whether it is the name of a user's filter. */
export function isWasmFilterName(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The policy that a filter of this name is of: "<namespace>/<policy>"; `undefined` for a filter of another kind. */
export function policyOfWasmFilter(filter: string): string | undefined {
  return isWasmFilterName(filter) ? filter.slice(PREFIX.length, filter.lastIndexOf('/')) : undefined;
}

/**
 * The filter itself: off, until a route turns it on, and its configuration by ECDS, so that another version of it closes no
 * connection. While there is no configuration, Envoy answers the requests of its routes with 500.
 */
export function wasmFilter(ir: WasmFilterIr): HttpFilter {
  return {
    name: wasmFilterName(ir),
    disabled: true,
    configType: {
      case: 'configDiscovery',
      value: {
        // Nobody is to wait for a module that may be long in coming (Envoy's default is 15 s).
        configSource: { ...adsSource(), initialFetchTimeout: duration(10) },
        typeUrls: [WASM, NOTHING].map((type) => `type.googleapis.com/${type}`),
      },
    },
  };
}

/** What a route says to turn a filter on. */
export function wasmPerRoute(): Any {
  return any('envoy.config.route.v3.FilterConfig', { config: {} });
}

/** The configuration of a filter in a version that the proxy has. */
export function wasmFilterConfig({ filter, path }: LoadedFilterIr): ExtensionConfig {
  const { name, pluginName, rootId, config, hostKeys, failOpen } = filter;
  return {
    name: wasmFilterName(filter),
    typedConfig: any(WASM, {
      config: {
        name: pluginName,
        rootId,
        vm: {
          case: 'vmConfig',
          value: {
            // A VM for each filter: what one does to its VM, by a trap or by shared data, is no other's business.
            vmId: `sluice.user/${name}`,
            runtime: 'envoy.wasm.runtime.v8',
            code: { specifier: { case: 'local', value: { specifier: { case: 'filename', value: path } } } },
            ...(hostKeys.length === 0 ? {} : { environmentVariables: { hostEnvKeys: [...hostKeys] } }),
          },
        },
        ...(config === undefined ? {} : { configuration: any('google.protobuf.StringValue', { value: config }) }),
        // With FAIL_RELOAD a trap costs the request that it happens in and those of the next 10 ms; with FAIL_OPEN it ends the
        // filter on that worker until there is another version, and requests pass without it.
        failurePolicy: failOpen ? FAIL_OPEN : FAIL_RELOAD,
        ...(failOpen ? {} : { reloadConfig: { backoff: { baseInterval: duration(10), maxInterval: duration(10) } } }),
      },
    }),
  };
}

/** The configuration that leaves out the filter of a name. */
export function leftOutConfig(name: string): ExtensionConfig {
  return { name, typedConfig: any(NOTHING, {}) };
}
