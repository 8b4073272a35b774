import { isIP, isIPv6 } from 'node:net';
import { isObject } from '#controller/api/compile.ts';
import { cpusOf } from '../envoy-workers.ts';
import type { ProxyAddress } from '../infra.ts';

/** A Node, as far as clients reach Services on it. */
export interface NodeAddresses {
  readonly name: string;
  /** External ones where it has any, its internal ones otherwise. */
  readonly addresses: readonly string[];
  /** How many CPUs its pods may use, in whole ones. */
  readonly cpus: number | undefined;
}

/**
 * Where clients reach the proxy of a Service, as Envoy Gateway tells it: where Gateways ask for addresses those, else what the load
 * balancer gave, the cluster's own address, or those of the Nodes.
 */
export function addressesOf(
  service: unknown,
  requested: readonly string[],
  nodes: readonly NodeAddresses[],
): readonly ProxyAddress[] {
  const spec = at(service, 'spec');
  const external = strings(at(spec, 'externalIPs'));
  const own = strings(at(spec, 'clusterIPs')).filter((address) => address !== '' && address !== 'None');
  if (requested.length > 0) return typed(external.length > 0 ? external : own);
  switch (at(spec, 'type')) {
    case 'LoadBalancer': {
      const given = balanced(service);
      return given.length > 0 ? given : typed(external);
    }
    case 'NodePort': {
      const families = strings(at(spec, 'ipFamilies'));
      const wanted = (address: string): boolean => families.includes(isIPv6(address) ? 'IPv6' : 'IPv4');
      return typed(
        nodes.flatMap(({ addresses }) => addresses).filter((address) => families.length === 0 || wanted(address)),
      );
    }
    default:
      return typed(own);
  }
}

/**
 * Those of the requested addresses that the load balancer of a Service does not say that it gave (`status.loadBalancer.ingress`),
 * as Envoy Gateway tells them. Nobody says so of Services of other types.
 */
export function notGiven(service: unknown, requested: readonly string[]): readonly string[] {
  if (at(service, 'spec', 'type') !== 'LoadBalancer') return [];
  const given = new Set(balanced(service).map(({ value }) => value));
  return [...new Set(requested)].filter((address) => !given.has(address));
}

/** The addresses by which a Node is reached from outside, or those it has where it is not. */
export function nodeAddresses(node: unknown): NodeAddresses {
  const list = at(node, 'status', 'addresses');
  const entries = Array.isArray(list) ? list : [];
  const ofType = (type: string): readonly string[] =>
    entries.flatMap((entry) => {
      const address = at(entry, 'address');
      return at(entry, 'type') === type && typeof address === 'string' && isIP(address) !== 0 ? [address] : [];
    });
  const external = ofType('ExternalIP');
  return {
    name: String(at(node, 'metadata', 'name')),
    addresses: external.length > 0 ? external : ofType('InternalIP'),
    cpus: cpusOf(at(node, 'status', 'capacity', 'cpu')),
  };
}

function balanced(service: unknown): readonly ProxyAddress[] {
  const ingress = at(service, 'status', 'loadBalancer', 'ingress');
  const addresses = (Array.isArray(ingress) ? ingress : []).flatMap((entry): ProxyAddress[] => {
    const [ip, hostname] = [at(entry, 'ip'), at(entry, 'hostname')];
    if (typeof ip === 'string' && ip !== '') return [{ type: 'IPAddress', value: ip }];
    return typeof hostname === 'string' && hostname !== '' ? [{ type: 'Hostname', value: hostname }] : [];
  });
  return addresses.toSorted((a, b) => Number(a.type === 'Hostname') - Number(b.type === 'Hostname'));
}

function typed(addresses: readonly string[]): readonly ProxyAddress[] {
  return [...new Set(addresses)].map((value) => ({ type: 'IPAddress', value }));
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** Reads a field of what the API server wrote. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const field of path) found = isObject(found) ? found[field] : undefined;
  return found;
}
