/**
 * Filters that ask who a client is, or a server whether it may pass, and users' filters are in a chain from when the first route
 * needs them. A connection that is older does not have them, and a route that turns one on turns on nothing there. So with each of
 * them stands one that marks what comes: behind those that ask, before those of users. Between the two, in every chain, is one that
 * lets pass only what has every mark that its route wants. A filter of users that may fail open may be missing, too. What puts a
 * credential into requests is waited for likewise: without it they would go out as nobody's.
 *
 * Envoy chooses the filters of a request by its first route. What filters of users, or those that ask, write may lead it to another
 * route, whose filters have not run: so where that may be, the same is asked behind them all, of the route that it has come to by
 * then. A mark says how its filter was told to ask, and is filter state, which no filter of a user can write.
 */
import { createHash } from 'node:crypto';
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

/** Name of the gate, and the beginning of the names of the filter state with the marks. */
const GATE = 'sluice.asked';
/** Name of the gate behind users' filters. */
const LATER_GATE = 'sluice.asked.after';
const RBAC = 'envoy.extensions.filters.http.rbac.v3.RBAC';
const RBAC_PER_ROUTE = 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute';
const SET_STATE = 'envoy.extensions.filters.http.set_filter_state.v3.Config';
const { ALLOW } = enumMembers('envoy.config.rbac.v3.RBAC.Action');

/** What marks requests of a chain that has the filter of a name: off, until a route says how it asks. */
export function markFilter(filter: string): HttpFilter {
  return {
    name: markName(filter),
    disabled: true,
    configType: { case: 'typedConfig', value: any(SET_STATE, {}) },
  };
}

/** What a route with these features says to the filters that mark, by their names. */
export function marksPerRoute(
  features: RouteFeaturesIr,
  credentials: readonly CredentialIr[],
): readonly (readonly [filter: string, config: Any])[] {
  return wantedFilters(features, credentials).map(({ filter, how }) => [
    markName(filter),
    any(SET_STATE, {
      onRequestHeaders: [
        {
          key: { case: 'objectKey', value: stateKey(filter) },
          factoryKey: 'envoy.string',
          value: { case: 'formatString', value: text(how) },
        },
      ],
    }),
  ]);
}

function text(value: string): Init<'envoy.config.core.v3.SubstitutionFormatString'> {
  const source = { specifier: { case: 'inlineString', value } } as const;
  return { format: { case: 'textFormatSource', value: source } };
}

/** Refuses, with 403, what lacks a mark (envoy.extensions.filters.http.rbac.v3). */
export const askedGate: NativeFilter = {
  name: GATE,
  config: () => any(RBAC, {}),
  perRoute: (features, credentials = []) => gatePerRoute(wantedFilters(features, credentials)),
};

/** The same behind everything that may have led the request to another route; it stands in the way of nothing else. */
export const askedLaterGate: NativeFilter = {
  name: LATER_GATE,
  config: () => any(RBAC, {}),
  perRoute: (features, credentials = []) => {
    const { extProc = [], wasm = [] } = features;
    const isOfUsers = extProc.length > 0 || wasm.length > 0;
    // A route that wants nothing turns it on for the sake of the next one.
    return gatePerRoute(wantedFilters(features, credentials)) ?? (isOfUsers ? TURNED_ON : undefined);
  },
};

const TURNED_ON = any(RBAC_PER_ROUTE, {});

/** What turns the later gate on for a route that wants nothing, for the sake of those to which its requests may be led. */
export const laterGateTurnedOn: { readonly [filter: string]: Any } = { [LATER_GATE]: TURNED_ON };

function gatePerRoute(filters: readonly Wanted[]): Any | undefined {
  if (filters.length === 0) return undefined;
  const ids = filters.map(({ filter, how }): Init<'envoy.config.rbac.v3.Principal'> => ({
    identifier: {
      case: 'filterState',
      value: {
        key: stateKey(filter),
        matcher: { case: 'stringMatch', value: { matchPattern: { case: 'exact', value: how } } },
      },
    },
  }));
  const permissions = [{ rule: { case: 'any', value: true } } as const];
  const asked = { permissions, principals: [{ identifier: { case: 'andIds', value: { ids } } } as const] };
  return any(RBAC_PER_ROUTE, { rbac: { rules: { action: ALLOW, policies: { asked } } } });
}

function markName(filter: string): string {
  return `${filter}/mark`;
}

function stateKey(filter: string): string {
  return `${GATE}/${filter}`;
}

/** A filter that a request may not come without. */
interface Wanted {
  readonly filter: string;
  /** Stands for what the route tells it, and for no secret. */
  readonly how: string;
}

function wantedFilters(features: RouteFeaturesIr, credentials: readonly CredentialIr[]): readonly Wanted[] {
  const { basicAuth, apiKeyAuth, csrf, extProc = [], wasm = [] } = features;
  return [
    ...(csrf === undefined ? [] : [wanted(csrfFilter.name, csrf)]),
    ...serversAsked(features).map((one) => wanted(externalAuthFilterName(one), [...one.context])),
    ...(basicAuth === undefined ? [] : [wanted(basicAuthFilterName(basicAuth), basicAuth.secret)]),
    ...(apiKeyAuth === undefined ? [] : [wanted(API_KEY_FILTER, { ...apiKeyAuth, clients: undefined })]),
    ...extProc.flatMap((one, index) =>
      isRequired(one) ? [wanted(extProcFilterName(index, one), processing(one))] : [],
    ),
    ...wasm.flatMap((one) => (one.failOpen ? [] : [wanted(wasmFilterName(one), '')])),
    ...new Set(credentials.map(credentialFilterName)).values().map((filter) => wanted(filter, '')),
  ];
}

function wanted(filter: string, told: unknown): Wanted {
  const how = createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16);
  return { filter, how };
}

/** Whether no request may pass without the processor. */
export function isRequired({ failOpen, shadow }: ExtProcIr): boolean {
  return !failOpen && !shadow;
}

function processing({ cluster, ...rest }: ExtProcIr): unknown {
  return { ...rest, cluster: cluster.name };
}
