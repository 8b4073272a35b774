import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import { ask, isGone } from './api.ts';
import type { Service } from './kinds.ts';
import { addAddress, removeAddress } from './pod-network.ts';

/** The addresses that load balancers get; the conformance suite is told one that no Service has and one that cannot be had. */
const NETWORK = '10.245.0';
const LAST = 254;
/** Addresses that no load balancer can have: another network's. */
const ELSEWHERE = '10.245.200.';
const canHave = (address: string): boolean => !address.startsWith(ELSEWHERE);

/** Gives each Service of type LoadBalancer an address of the node and those that it asks for, and says so in its status. */
export class LoadBalancers {
  readonly #api: ApiServer;
  /** By the Service's uid. */
  readonly #given = new Map<string, string>();
  readonly #external = new Set<string>();

  constructor(api: ApiServer) {
    this.#api = api;
  }

  /** The addresses that a Service is reached at. */
  addressesOf({ metadata, spec }: Service): readonly string[] {
    const { clusterIP = '', externalIPs = [] } = spec;
    const own = this.#given.get(metadata.uid);
    return [
      ...(clusterIP === '' || clusterIP === 'None' ? [] : [clusterIP]),
      ...(own === undefined ? [] : [own]),
      ...externalIPs,
    ];
  }

  /** Brings the addresses of the node, and what Services say of theirs, to what is wanted now. */
  async follow(services: readonly Service[]): Promise<void> {
    const balanced = services.filter(({ spec }) => spec.type === 'LoadBalancer');
    const wanted = new Set(balanced.map(({ metadata }) => metadata.uid));
    for (const [uid, address] of this.#given) {
      if (wanted.has(uid)) continue;
      this.#given.delete(uid);
      removeAddress(address);
    }
    for (const address of new Set(services.flatMap(({ spec }) => spec.externalIPs ?? []).filter(canHave))) {
      if (this.#external.has(address)) continue;
      this.#external.add(address);
      addAddress(address);
    }
    for (const service of balanced) await this.#give(service);
  }

  async #give({ metadata, spec, status }: Service): Promise<void> {
    const { uid, namespace, name } = metadata;
    const address = this.#given.get(uid) ?? spec.loadBalancerIP ?? this.#free();
    if (!this.#given.has(uid)) addAddress(address);
    this.#given.set(uid, address);
    const given = [address, ...(spec.externalIPs ?? []).filter(canHave)];
    if ((status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).join() === given.join()) return;
    const path = `/api/v1/namespaces/${namespace}/services/${name}/status`;
    try {
      await ask(this.#api, {
        method: 'PATCH',
        path,
        body: { status: { loadBalancer: { ingress: given.map((ip) => ({ ip })) } } },
      });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  #free(): string {
    const taken = new Set(this.#given.values());
    for (let host = 1; host <= LAST; host += 1) if (!taken.has(`${NETWORK}.${host}`)) return `${NETWORK}.${host}`;
    throw new Error('every address of load balancers is taken');
  }
}
