/**
 * Filters that ask who a client is, or a server whether it may pass, and users' filters are in a chain from when the first route
 * needs them. A connection that is older does not have them, and a route that turns one on turns on nothing there. So with each of
 * them stands one that marks what comes: behind those that ask, before those of users, which could forge a mark. Between the two, in
 * every chain, is one that lets pass only what has every mark that its route wants. A filter of users that may fail open may be
 * missing, too. What puts a credential into requests is waited for likewise: without it they would go out as nobody's.
 */
import type { Any } from '@bufbuild/protobuf/wkt';
import { enumMembers } from '#proto/load.ts';
import type { CredentialIr } from '../../ir/credential.ts';
import type { ExtProcIr } from '../../ir/ext-proc.ts';
import { type RouteFeaturesIr, serversAsked } from '../../ir/route.ts';
import { any, type Init } from '../../xds/build/message.ts';
import { API_KEY_FILTER } from '../api-key-auth/xds.ts';
import { csrfFilter } from '../csrf/xds.ts';
import { basicAuthFilterName } from '../basic-auth/xds.ts';
import { credentialFilterName } from '../credential/xds.ts';
import { extProcFilterName } from '../ext-proc/xds.ts';
import { externalAuthFilterName } from '../external-auth/xds.ts';
import type { NativeFilter } from '../native-filter.ts';
import { wasmFilterName } from '../wasm/xds.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** Name of the gate, and of the dynamic metadata with the marks. */
const GATE = 'sluice.asked';
const RBAC = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const { ALLOW } = enumMembers('envoy.config.rbac.v3.RBAC.Action');

/** What marks requests of a chain that has the filter of a name: off, until a route turns it on. */
export function markFilter(filter: string): HttpFilter {
  return {
    name: markName(filter),
    disabled: true,
    configType: {
      case: 'typedConfig',
      value: any('envoy.extensions.filters.http.set_metadata.v3.Config', {
        metadata: [{ metadataNamespace: GATE, allowOverwrite: true, value: { [filter]: true } }],
      }),
    },
  };
}

/** What a route with these features says to the filters that mark, by their names. */
export function marksPerRoute(
  features: RouteFeaturesIr,
  credentials: readonly CredentialIr[],
): readonly (readonly [filter: string, config: Any])[] {
  return wantedFilters(features, credentials).map((filter) => [
    markName(filter),
    any('envoy.config.route.v3.FilterConfig', { config: {} }),
  ]);
}

/** Refuses, with 403, what lacks a mark (envoy.extensions.filters.http.rbac.v3). */
export const askedGate: NativeFilter = {
  name: GATE,
  config: () => any(RBAC, {}),
  perRoute: (features, credentials = []) => {
    const filters = wantedFilters(features, credentials);
    if (filters.length === 0) return undefined;
    const rules = filters.map((filter): Init<'envoy.config.rbac.v3.Permission'> => ({
      rule: { case: 'metadata', value: marked(filter) },
    }));
    const permissions = [{ rule: { case: 'andRules', value: { rules } } } as const];
    const asked = { permissions, principals: [{ identifier: { case: 'any', value: true } } as const] };
    return any('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', {
      rbac: { rules: { action: ALLOW, policies: { asked } } },
    });
  },
};

function markName(filter: string): string {
  return `${filter}/mark`;
}

function wantedFilters(features: RouteFeaturesIr, credentials: readonly CredentialIr[]): readonly string[] {
  const { basicAuth, apiKeyAuth, csrf, extProc = [], wasm = [] } = features;
  return [
    ...(csrf === undefined ? [] : [csrfFilter.name]),
    ...serversAsked(features).map(externalAuthFilterName),
    ...(basicAuth === undefined ? [] : [basicAuthFilterName(basicAuth)]),
    ...(apiKeyAuth === undefined ? [] : [API_KEY_FILTER]),
    ...extProc.flatMap((one, index) => (isRequired(one) ? [extProcFilterName(index, one)] : [])),
    ...wasm.flatMap((one) => (one.failOpen ? [] : [wasmFilterName(one)])),
    ...new Set(credentials.map(credentialFilterName)),
  ];
}

/** Whether no request may pass without the processor. */
export function isRequired({ failOpen, shadow }: ExtProcIr): boolean {
  return !failOpen && !shadow;
}

function marked(filter: string): Init<'envoy.type.matcher.v3.MetadataMatcher'> {
  return {
    filter: GATE,
    path: [{ segment: { case: 'key', value: filter } }],
    value: { matchPattern: { case: 'boolMatch', value: true } },
  };
}
