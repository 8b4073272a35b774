/** What the operator decides about fetching what manifests name by URL; from `sluice:` of the configuration file. */
export interface FetchSettings {
  /**
   * Where a host really is: by host name, or by "host:port" for one port of it. An address that stands here is connected to
   * whatever `refuse` says, except for the addresses that never are.
   */
  readonly resolverOverrides: ReadonlyMap<string, OverrideAddress>;
  /** Base URLs to try before a registry itself, by the registry's host. */
  readonly registryMirrors: ReadonlyMap<string, readonly string[]>;
  /** Certificates in PEM that are trusted beside the machine's own. */
  readonly caBundle: string | undefined;
  /** Classes of addresses that are refused beside those that always are. */
  readonly refuse: ReadonlySet<RefusableClass>;
  /** Networks in CIDR notation that are let through all the same. */
  readonly allow: readonly string[];
  /** The longest that one fetch may take, in milliseconds; what needs longer asks for it. */
  readonly timeout: number;
}

/** An address that stands for a host; without a port the one that was asked for stays. */
export interface OverrideAddress {
  readonly address: string;
  readonly port: number | undefined;
}

/** Classes of addresses that an operator may refuse or allow. */
export type RefusableClass = 'Loopback' | 'Private';

/** From files, where whoever writes manifests runs the gateway as well. */
export const DEFAULT_FETCH_SETTINGS: FetchSettings = {
  resolverOverrides: new Map(),
  registryMirrors: new Map(),
  caBundle: undefined,
  refuse: new Set(),
  allow: [],
  timeout: 10_000,
};
