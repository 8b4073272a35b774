import type { ClusterIr } from '../ir/cluster.ts';
import type { SecretIr } from '../ir/secret.ts';
import { compare } from '../resources/resources.ts';
import type { GatewayState } from './gateways.ts';
import type { Socket } from './sockets.ts';

/** Every cluster that a route of these sockets names, once, by name. */
export function clustersOf(sockets: readonly Socket[]): readonly ClusterIr[] {
  const lists = sockets.flatMap(({ contents }) => contents.map(({ clusters }) => clusters));
  const [first = []] = lists;
  if (lists.length <= 1) return first;
  const clusters = new Map(lists.flatMap((list) => list.map((cluster) => [cluster.name, cluster])));
  return [...clusters.values()].sort((a, b) => compare(a.name, b.name));
}

/** Every certificate that a served listener names, once, by name. */
export function secretsOf(gateways: readonly GatewayState[]): readonly SecretIr[] {
  const secrets = new Map<string, SecretIr>();
  for (const { listeners, refused } of gateways) {
    if (refused !== undefined) continue;
    for (const { usable, certificates } of listeners) {
      if (usable) for (const secret of certificates) secrets.set(secret.name, secret);
    }
  }
  return [...secrets.values()].sort((a, b) => compare(a.name, b.name));
}
