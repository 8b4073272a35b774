/**
 * What virtual hosts are that a proxy rejects for the patches of their RouteConfiguration. The proxy would keep the version before,
 * and with it the policies of before. So such a host is as it is to be now, under the patches that the proxy took it with last; one
 * that it never took, or that these patches do not fit any more, answers 500.
 */
import { isDeepStrictEqual } from 'node:util';
import { httpChains } from '../ir/listener.ts';
import type { ResourcePatchIr } from '../ir/patch.ts';
import type { ProxyIr } from '../ir/proxy.ts';
import type { VirtualHostIr } from '../ir/virtual-host.ts';
import { encode } from './build/message.ts';
import { tryPolicies } from './patch.ts';
import { configurationOf, isForeign, virtualHostName, wholeRoutes } from './route-configuration.ts';
import { type XdsResource, type XdsSnapshot, xdsResource } from './snapshot.ts';

type Patches = readonly ResourcePatchIr[];

/** A virtual host in the version that is wanted, which the proxy rejects. */
export interface RejectedHost {
  readonly version: string | undefined;
  /** Envoy's words. */
  readonly message: string;
}

/** Makes resources of a configuration. */
type Lower = (ir: ProxyIr) => XdsSnapshot;

/** The virtual hosts of a proxy that are patched, by the names that they have as resources. */
export class PatchedHosts {
  /** The patches with which the proxy took a host last; nothing of one that it took without any. */
  #taken: ReadonlyMap<string, Patches> = new Map();
  readonly #rejected = new Map<string, RejectedHost>();
  /** Those that answer 500. */
  #closed: ReadonlySet<string> = new Set();

  /** Those that the proxy rejects under the patches of now. */
  get rejected(): ReadonlyMap<string, RejectedHost> {
    return this.#rejected;
  }

  /** Those of them that answer 500. */
  get closed(): ReadonlySet<string> {
    return this.#closed;
  }

  /**
   * Whether the patches of `ir` are to blame where the proxy rejects one of its hosts: those that it has not taken with it yet.
   * What patches add themselves stays as it was.
   */
  areToBlame(name: string, ir: ProxyIr, lastGood: ProxyIr | undefined): boolean {
    const patches = patchesOf(name, ir);
    return (
      patches.length > 0 &&
      !isForeign({ name }) &&
      !this.#rejected.has(name) &&
      !isDeepStrictEqual(patches, this.#takenWith(name, lastGood))
    );
  }

  /** Notes that the proxy rejects a host for its patches. */
  reject(name: string, rejected: RejectedHost): void {
    this.#rejected.set(name, rejected);
  }

  /** Tries again what is wanted otherwise by now. */
  retry(wanted: XdsSnapshot): void {
    for (const [name, { version }] of this.#rejected) {
      if (wanted['virtual-host'].get(name)?.version !== version) this.#rejected.delete(name);
    }
  }

  /** What of `ir` is published: hosts that are rejected under its patches otherwise. */
  repaired(ir: ProxyIr, lastGood: ProxyIr | undefined, lower: Lower): XdsSnapshot {
    const snapshot = lower(ir);
    const closed = new Set<string>();
    const hostUnder = underPatches(ir, lower);
    const hosts = [...this.#rejected.keys()].flatMap((name): readonly XdsResource[] => {
      const host = hostNamed(name, ir);
      if (host === undefined) return [];
      const taken = this.#takenWith(name, lastGood);
      const repaired = taken === undefined ? undefined : hostUnder(name, taken);
      if (repaired === undefined) closed.add(name);
      return [repaired ?? closedHost(name, host)];
    });
    this.#closed = closed;
    if (hosts.length === 0) return snapshot;
    const others = new Map(snapshot['virtual-host']);
    for (const host of hosts) others.set(host.name, host);
    return { ...snapshot, 'virtual-host': others };
  }

  /** Notes what the proxy took of `ir`: not the hosts `refused`. */
  settle(ir: ProxyIr, refused: (name: string) => boolean): void {
    const taken = new Map<string, Patches>();
    for (const [name, patches] of this.#taken) {
      if (refused(name) || this.#rejected.has(name)) taken.set(name, patches);
    }
    const patched = new Set((ir.patches ?? []).flatMap(({ type, name }) => (type === 'route' ? [name] : [])));
    for (const { name: configuration, virtualHosts } of patched.size === 0 ? [] : ir.listeners.flatMap(httpChains)) {
      if (!patched.has(configuration)) continue;
      for (const { hostname } of virtualHosts.flat()) {
        const name = virtualHostName(configuration, hostname);
        if (!refused(name) && !this.#rejected.has(name)) taken.set(name, patchesOf(name, ir));
      }
    }
    this.#taken = taken;
  }

  /** The patches with which the proxy took a host last, maybe none; `undefined` where it never took it. */
  #takenWith(name: string, lastGood: ProxyIr | undefined): Patches | undefined {
    const wasTaken = lastGood !== undefined && hostNamed(name, lastGood) !== undefined;
    return wasTaken ? (this.#taken.get(name) ?? NO_PATCHES) : undefined;
  }
}

const NO_PATCHES: Patches = [];

/** The patches of the RouteConfiguration of a host. */
function patchesOf(host: string, { patches = [] }: ProxyIr): Patches {
  return patches.filter((patch) => isAbout(patch, configurationOf(host)));
}

function isAbout({ type, name }: ResourcePatchIr, configuration: string): boolean {
  return type === 'route' && name === configuration;
}

function hostNamed(name: string, { listeners }: ProxyIr): VirtualHostIr | undefined {
  const configuration = configurationOf(name);
  for (const listener of listeners) {
    const chain = httpChains(listener).find((one) => one.name === configuration);
    const found = chain?.virtualHosts.flat().find(({ hostname }) => virtualHostName(configuration, hostname) === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Gives a host under other patches; `undefined` where not all of these can be applied. All hosts of a RouteConfiguration that were
 * taken with the same patches are made at once.
 */
function underPatches(ir: ProxyIr, lower: Lower): (name: string, patches: Patches) => XdsResource | undefined {
  const made: { readonly configuration: string; readonly patches: Patches; readonly found: XdsSnapshot | undefined }[] =
    [];
  return (name, patches) => {
    const configuration = configurationOf(name);
    let known = made.find((one) => one.configuration === configuration && isDeepStrictEqual(one.patches, patches));
    if (known === undefined) {
      known = { configuration, patches, found: configurationWith(configuration, patches, ir, lower) };
      made.push(known);
    }
    return known.found?.['virtual-host'].get(name);
  };
}

function configurationWith(
  configuration: string,
  patches: Patches,
  ir: ProxyIr,
  lower: Lower,
): XdsSnapshot | undefined {
  const others = (ir.patches ?? []).filter((patch) => !isAbout(patch, configuration));
  const [refusal] = tryPolicies(wholeRoutes(lower({ ...ir, patches: others }), new Set([configuration])), [patches]);
  return refusal === undefined ? lower({ ...ir, patches: [...others, ...patches] }) : undefined;
}

/** A host that answers 500 to everything. */
function closedHost(name: string, { hostname }: VirtualHostIr): XdsResource {
  const action = { case: 'directResponse', value: { status: 500 } } as const;
  const match = { pathSpecifier: { case: 'prefix', value: '/' } } as const;
  const message = { name, domains: [hostname], routes: [{ name: 'rejected', match, action }] };
  return xdsResource('virtual-host', name, encode('envoy.config.route.v3.VirtualHost', message));
}
