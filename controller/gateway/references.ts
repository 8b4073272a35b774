import type { ClusterIr } from '../ir/cluster.ts';
import { once } from '../ir/once.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { SecretIr } from '../ir/secret.ts';
import { SortedTable } from '../resources/sorted-table.ts';
import type { GatewayState } from './gateways.ts';
import type { ListenerState } from './listeners.ts';
import type { Socket } from './sockets.ts';
import type { ChainWithContent } from './streams.ts';

/** The clusters of the chains of one proxy, each once, by name; kept from one translation to the next. */
export class ClusterUnion {
  #lists: readonly Pieces<ClusterIr>[] = [];
  readonly #clusters = new SortedTable<ClusterIr>();
  /** How many chains name each cluster. */
  readonly #uses = new Map<string, number>();

  /** Every cluster that a route of these sockets names, once, by name. */
  update(sockets: readonly Socket[]): Pieces<ClusterIr> {
    const pieces = sockets.flatMap(({ chains }) => chains);
    const [only, ...others] = pieces.slice(0, 2).flat();
    if (others.length === 0) {
      this.#follow([]);
      return only?.content.clusters ?? [];
    }
    this.#follow(pieces.map(clustersIn));
    return this.#clusters.pieces();
  }

  /** No two chains share a piece. Those that are where they were, and the same, are not looked at. */
  #follow(lists: readonly Pieces<ClusterIr>[]): void {
    const before = this.#lists;
    const isInPlace = before.length === lists.length;
    const came = new Set(lists.filter((list, at) => !isInPlace || list !== before[at]).flat());
    const gone = new Set(before.filter((list, at) => !isInPlace || list !== lists[at]).flat());
    this.#lists = lists;
    for (const piece of came.difference(gone)) {
      for (const cluster of piece) {
        this.#uses.set(cluster.name, (this.#uses.get(cluster.name) ?? 0) + 1);
        this.#clusters.set(cluster.name, cluster);
      }
    }
    for (const piece of gone.difference(came)) {
      for (const { name } of piece) {
        const uses = (this.#uses.get(name) ?? 0) - 1;
        if (uses > 0) this.#uses.set(name, uses);
        else {
          this.#uses.delete(name);
          this.#clusters.delete(name);
        }
      }
    }
  }
}

/** The same list for the same chains. */
const clustersIn = once((chains: readonly ChainWithContent[]): Pieces<ClusterIr> =>
  chains.flatMap(({ content }) => content.clusters),
);

/** What served listeners need by SDS, each once. */
export function secretsOf(gateways: readonly GatewayState[]): readonly SecretIr[] {
  const lists = gateways.filter(({ refused }) => refused === undefined).map(({ listeners }) => secretsIn(listeners));
  const [only, ...others] = lists;
  if (only !== undefined && others.length === 0) return only;
  return [...new Map(lists.flat().map((secret) => [secret.name, secret])).values()];
}

/** The same array for the same listeners. */
const secretsIn = once((listeners: readonly ListenerState[]): readonly SecretIr[] => {
  const served = listeners.filter(({ usable }) => usable);
  const all = served.flatMap(({ secrets }) => secrets.map((one) => [one.name, one] as const));
  return [...new Map(all).values()];
});
