import { markFilter } from '../features/asked/xds.ts';
import { API_KEY_FILTER, apiKeyAuthFilter } from '../features/api-key-auth/xds.ts';
import { basicAuthFilter, basicAuthFilterName } from '../features/basic-auth/xds.ts';
import { compressorFilter, compressorFilterName } from '../features/compressor/xds.ts';
import { credentialFilter, credentialFilterName } from '../features/credential/xds.ts';
import { csrfFilter } from '../features/csrf/xds.ts';
import { externalAuthFilter, externalAuthFilterName } from '../features/external-auth/xds.ts';
import { extProcFilter, extProcFilterName } from '../features/ext-proc/xds.ts';
import { wasmFilter } from '../features/wasm/xds.ts';
import type { CredentialIr } from '../ir/credential.ts';
import type { ApiKeyAuthIr, BasicAuthIr } from '../ir/credentials.ts';
import type { CsrfIr } from '../ir/csrf.ts';
import type { ExternalAuthIr } from '../ir/external-auth.ts';
import type { ExtProcIr } from '../ir/ext-proc.ts';
import { type ChainIr, type HttpChainIr, httpChainsIn, type ListenerIr } from '../ir/listener.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import { serversAsked } from '../ir/route.ts';
import type { CompressorIr } from '../ir/traffic.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import type { WasmFilterIr } from '../ir/wasm-filter.ts';
import { encode, type Init } from './build/message.ts';
import { once } from '../ir/once.ts';
import { nativeFilters } from './native-filters.ts';
import { firstPolicyFilter, laterPolicyFilters, loginFilters } from './policy-filter.ts';
import { credentialsOf } from './route.ts';

type HttpFilter = Init<'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter'>;

/** Filters of requests, and what tells them from others. */
export interface SignedFilters {
  readonly filters: readonly HttpFilter[];
  readonly signature: string;
}

function signed(filters: readonly HttpFilter[]): SignedFilters {
  return { filters, signature: filters.map(signatureOf).join(' ') };
}

/** Those of a listener; of listeners whose routes need no others they are the same object. */
export function signedFilters(ir: ListenerIr): SignedFilters {
  return specialChains(ir).length === 0 ? commonFilters(NOTHING_SPECIAL) : signed(filtersOf(ir));
}

const NOTHING_SPECIAL: ListenerIr = { name: '', address: '', protocol: 'TCP', port: 0, chains: [] };

/** Those of a listener whose routes need no others. */
const commonFilters = once((nothing: ListenerIr): SignedFilters => signed(filtersOf(nothing)));

function signatureOf(filter: HttpFilter): string {
  return Buffer.from(encode(HTTP_FILTER, filter)).toString('latin1');
}

const HTTP_FILTER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter';

function filtersOf(ir: ListenerIr): readonly HttpFilter[] {
  const asking = [
    ...externalAuthFilters(ir),
    ...distinct(ofHosts(ir, basicAuthsOf), basicAuthFilterName, basicAuthFilter),
    ...distinct(ofHosts(ir, apiKeyAuthsOf), () => API_KEY_FILTER, apiKeyAuthFilter),
  ];
  const users = [...processorFilters(ir), ...wasmFilters(ir)];
  const credentials = distinct(ofHosts(ir, credentialsOfHosts), credentialFilterName, credentialFilter);
  return [
    ...nativeFilters('first'),
    ...asking,
    ...(ofHosts(ir, csrfsOf).length === 0 ? [] : [markFilter(csrfFilter.name)]),
    ...[...asking, ...users, ...credentials].map(({ name = '' }) => markFilter(name)),
    ...nativeFilters('afterAsking'),
    firstPolicyFilter(),
    ...loginFilters(),
    ...nativeFilters('beforeUsers'),
    ...users,
    ...laterPolicyFilters(),
    ...nativeFilters('behindUsers'),
    ...nativeFilters('last'),
    ...credentials,
    ...compressorFilters(ir),
  ];
}

/** One filter for each way of compressing that any route has. */
function compressorFilters(ir: ListenerIr): HttpFilter[] {
  return distinct(ofHosts(ir, compressorsOf), compressorFilterName, compressorFilter);
}

/** One filter for each server that is asked in one way. */
function externalAuthFilters(ir: ListenerIr): HttpFilter[] {
  return distinct(ofHosts(ir, externalAuthsOf), externalAuthFilterName, externalAuthFilter);
}

const externalAuthsOf = once((hosts: readonly VirtualHostIr[]): readonly ExternalAuthIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => serversAsked(features))),
);

const basicAuthsOf = once((hosts: readonly VirtualHostIr[]): readonly BasicAuthIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.basicAuth ?? [])),
);

const csrfsOf = once((hosts: readonly VirtualHostIr[]): readonly CsrfIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.csrf ?? [])),
);

const apiKeyAuthsOf = once((hosts: readonly VirtualHostIr[]): readonly ApiKeyAuthIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.apiKeyAuth ?? [])),
);

/** The credentials of virtual hosts. */
export const credentialsOfHosts = once((hosts: readonly VirtualHostIr[]): readonly CredentialIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(credentialsOf)),
);

/** What `found` finds in the virtual hosts of a listener, of those chains alone that have anything special. */
export function ofHosts<T>(ir: ListenerIr, found: (hosts: readonly VirtualHostIr[]) => readonly T[]): readonly T[] {
  return specialChains(ir).flatMap(({ virtualHosts }) => virtualHosts.flatMap(found));
}

/** The chains whose routes may need filters that not all have: of thousands most do not, and are looked at once. */
const specialChains = once(({ chains }: ListenerIr): readonly HttpChainIr[] => chains.flatMap(specialIn));

const specialIn = once((chains: readonly ChainIr[]): readonly HttpChainIr[] => httpChainsIn(chains).filter(isSpecial));

const isSpecial = once(({ virtualHosts }: HttpChainIr): boolean => virtualHosts.some(hasSpecial));

/** Whatever filter a route needs, it is for its features, or for credentials of its back-ends. */
const hasSpecial = once((hosts: readonly VirtualHostIr[]): boolean =>
  hosts.some(({ routes }) =>
    routes.some((route) => Object.keys(route.features).length > 0 || credentialsOf(route).length > 0),
  ),
);

/** One filter for each name, in order of the names. */
function distinct<T>(all: readonly T[], nameOf: (one: T) => string, filterOf: (one: T) => HttpFilter): HttpFilter[] {
  const filters = new Map<string, HttpFilter>();
  for (const one of all) {
    const name = nameOf(one);
    if (!filters.has(name)) filters.set(name, filterOf(one));
  }
  return [...filters].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, filter]) => filter);
}

const compressorsOf = once((hosts: readonly VirtualHostIr[]): readonly CompressorIr[] =>
  hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.compressors ?? [])),
);

/** One filter for each place and message timeout that a processor of any route needs, in order of place. */
function processorFilters(ir: ListenerIr): HttpFilter[] {
  const filters = new Map<string, { readonly index: number; readonly filter: HttpFilter }>();
  for (const { index, processor } of ofHosts(ir, processorsOf)) {
    const name = extProcFilterName(index, processor);
    if (!filters.has(name)) filters.set(name, { index, filter: extProcFilter(index, processor) });
  }
  return [...filters]
    .sort(([a, { index: i }], [b, { index: j }]) => i - j || (a < b ? -1 : 1))
    .map(([, { filter }]) => filter);
}

type PlacedProcessor = { readonly index: number; readonly processor: ExtProcIr };

const processorsOf = once((hosts: readonly VirtualHostIr[]): readonly PlacedProcessor[] =>
  hosts.flatMap(({ routes }) =>
    routes.flatMap(({ features }) => (features.extProc ?? []).map((processor, index) => ({ index, processor }))),
  ),
);

/** Users' filters of all routes of a proxy, by name. */
export function wasmFiltersOf({ listeners }: Pick<ProxyIr, 'listeners'>): ReadonlyMap<string, WasmFilterIr> {
  const found = new Map<string, WasmFilterIr>();
  for (const ir of listeners) for (const filter of ofHosts(ir, wasmOf)) found.set(filter.name, filter);
  return found;
}

const wasmOf = once((hosts: readonly VirtualHostIr[]): readonly WasmFilterIr[] => [
  ...new Set(hosts.flatMap(({ routes }) => routes.flatMap(({ features }) => features.wasm ?? []))),
]);

/** Users' filters of a listener: those of one policy in its order, whatever others are between them. */
function wasmFilters(ir: ListenerIr): HttpFilter[] {
  return [...wasmFiltersOf({ listeners: [ir] }).values()]
    .sort((a, b) => a.index - b.index || (a.name < b.name ? -1 : 1))
    .map(wasmFilter);
}
