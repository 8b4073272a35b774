import { type EndpointSlice, type Service, SERVICE_NAME, type ServicePort } from './kinds.ts';
import { NODE_ADDRESS, POD_NETWORK } from './pod-network.ts';

/** The table of nftables that is all of the node's own. */
const TABLE = 'sluice_node';

/** The addresses that a Service is reached at, beside its load balancer's. */
export type AddressesOf = (service: Service) => readonly string[];

/**
 * What the node does for Services, as a program of nft(8) that takes the place of the one before: connections to an address
 * of a Service go to one of its ready endpoints, whichever, or with `sessionAffinity: ClientIP` to the one that the client's
 * address chooses; what comes from outside the pods comes from the node then.
 */
export function serviceRules(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  addressesOf: AddressesOf,
): string {
  const endpoints = endpointsOf(slices);
  const rules = services.flatMap((service) =>
    (service.spec.ports ?? []).flatMap((port) => {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const to = endpoints.get(portKey(service.metadata, port.name, port.protocol)) ?? [];
      if (protocol !== 'tcp' && protocol !== 'udp') return [];
      const chosen = service.spec.sessionAffinity === 'ClientIP' ? BY_CLIENT : BY_CHANCE;
      const own = addressesOf(service).map((address) =>
        ruleOf(`ip daddr ${address} ${protocol} dport ${port.port}`, to, chosen),
      );
      return [...own, nodePortRule(port, protocol, to, chosen)].flat();
    }),
  );
  return `table ip ${TABLE}
delete table ip ${TABLE}
table ip ${TABLE} {
  chain services {
${rules.map((rule) => `    ${rule}\n`).join('')}  }
  chain arriving { type nat hook prerouting priority dstnat; jump services; }
  chain own { type nat hook output priority -100; jump services; }
  chain leaving { type nat hook postrouting priority srcnat; ct status dnat ip saddr != ${POD_NETWORK} masquerade; }
}
`;
}

/** By what number an endpoint is chosen (nft(8), "NUMGEN EXPRESSION" and "HASH EXPRESSIONS"). */
const BY_CHANCE = (most: number): string => `numgen random mod ${most}`;
/** Without a seed of ours each rule would have one of its own, and another one each time. */
const BY_CLIENT = (most: number): string => `jhash ip saddr mod ${most} seed 0x1`;
type Choice = typeof BY_CHANCE;

/** Without endpoints a connection is refused, as kube-proxy does. */
function ruleOf(match: string, to: readonly string[], chosen: Choice): readonly string[] {
  return to.map((endpoint, index) => {
    const left = to.length - index;
    return left === 1 ? `${match} dnat to ${endpoint}` : `${match} ${chosen(left)} 0 dnat to ${endpoint}`;
  });
}

function nodePortRule(
  { nodePort }: ServicePort,
  protocol: string,
  to: readonly string[],
  chosen: Choice,
): readonly string[] {
  return nodePort === undefined ? [] : ruleOf(`ip daddr ${NODE_ADDRESS} ${protocol} dport ${nodePort}`, to, chosen);
}

function endpointsOf(slices: readonly EndpointSlice[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { metadata, endpoints, ports } of slices) {
    const service = { namespace: metadata.namespace, name: metadata.labels?.[SERVICE_NAME] ?? '' };
    for (const { name, protocol, port } of ports ?? []) {
      const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
      const key = portKey(service, name, protocol);
      const to = ready.flatMap(({ addresses }) => addresses.slice(0, 1).map((address) => `${address}:${port ?? 0}`));
      found.set(key, [...(found.get(key) ?? []), ...to]);
    }
  }
  return found;
}

function portKey(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  port: string | undefined,
  protocol: string | undefined,
): string {
  return `${namespace}/${name}/${port ?? ''}/${protocol ?? 'TCP'}`;
}
