import { type Configuration, DEFAULT_CONFIGURATION } from './configuration.ts';
import { OPEN_PORTS } from './gateway/port-claims.ts';
import { saidWorkers } from './infra/envoy-workers.ts';
import { readClosedObjects } from './provider/closed-objects.ts';
import { readInvalidPolicies } from './provider/invalid-policies.ts';
import type { Loaded } from './provider/files/load-once.ts';
import { ResourceStore } from './resources/store.ts';
import type { ProxyIr } from './ir/proxy.ts';
import { type Settings, SYSTEM_TRUST_FILE } from './settings.ts';
import { createPortPass } from './settle-ports.ts';
import { type Occasion, type RenderedStatus, renderStatus } from './status/render.ts';
import { createTranslator, type Translation } from './translate.ts';
import { wasmFiltersOf } from './xds/http-filters.ts';
import { type LoadedFilters, lower, type ModuleFile } from './xds/lower.ts';
import { showSnapshot } from './xds/show.ts';

/** Stands for the `policy` module where none is built: compiling needs no module. */
export const SOME_MODULE: ModuleFile = { digest: `sha256:${'0'.repeat(64)}`, path: 'policy.wasm' };

/** The settings of a compilation that nobody configured. */
export const DEFAULT_SETTINGS: Settings = settingsOf(DEFAULT_CONFIGURATION);

function settingsOf(configuration: Configuration): Settings {
  const { controllerName, backends, envoyPatchPolicy, policyImage, systemTrust, envoyProxy } = configuration;
  return {
    controllerName,
    backends,
    envoyPatchPolicy,
    policyDigest: SOME_MODULE.digest,
    policyImage,
    bindAddress: '0.0.0.0',
    bindsRequested: true,
    unixPaths: new Map(),
    sessionKeys: [],
    envoyProxy,
    // The same wherever something is compiled.
    workers: (parameters) => saidWorkers(parameters) ?? 2,
    systemTrust: systemTrust ?? SYSTEM_TRUST_FILE,
    loopbackBackends: true,
    ownFolders: [],
    proxies: configuration.kubernetes === undefined ? 'processes' : 'pods',
    rateLimitsFailClosed: configuration.failClosed,
    rateLimitTimeout: configuration.rateLimitTimeout,
  };
}

/**
 * Compiles manifests once, as if every want were answered, every port free and every proxy had taken the result; certificates
 * are judged by the machine's time unless another is given, in milliseconds since the Unix epoch.
 */
export function compile(
  loaded: Loaded,
  configuration: Configuration = DEFAULT_CONFIGURATION,
  now: () => number = Date.now,
): Translation {
  const store = storeOf(loaded, { assumeAnswers: true, now });
  return createPortPass()(createTranslator(settingsOf(configuration))(store), OPEN_PORTS).translation;
}

/** A store of what was loaded, with what of it was refused. */
export function storeOf(
  { resources, problems }: Loaded,
  options?: ConstructorParameters<typeof ResourceStore>[0],
): ResourceStore {
  const store = new ResourceStore(options);
  for (const { resource } of resources.values()) store.upsert(resource);
  store.setInvalidPolicies(readInvalidPolicies(problems));
  store.setClosed(readClosedObjects(problems));
  return store;
}

/** The resources of each proxy in proto JSON. */
export function showXds({ proxies }: Translation): { readonly [proxy: string]: ReturnType<typeof showSnapshot> } {
  return Object.fromEntries(
    [...proxies].map(([key, { xds }]) => [key, showSnapshot(lower(xds, SOME_MODULE, someFilters(xds)))]),
  );
}

/** Users' filters, as if the proxy had the modules of all. */
function someFilters(xds: ProxyIr): LoadedFilters {
  return new Map(
    [...wasmFiltersOf(xds)].map(([name, filter]) => [
      name,
      { filter, digest: SOME_MODULE.digest, path: `${name.replaceAll('/', '-')}.wasm` },
    ]),
  );
}

/** Every object that has a status, as a Kubernetes List. */
export function showStatus(
  { statuses }: Translation,
  occasion: Occasion,
): { readonly apiVersion: 'v1'; readonly kind: 'List'; readonly items: readonly RenderedStatus[] } {
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: statuses()
      .flat()
      .map((status) => renderStatus(status, occasion)),
  };
}
