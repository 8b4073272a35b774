import type { InfraIr, InfraPortIr } from '../../../ir/proxy.ts';

/** How far a privileged port is shifted in a pod, as Envoy Gateway shifts it. */
const SHIFT = 10_000;
const FIRST_UNPRIVILEGED = 1024;
const LAST = 65_535;

/** A port of a proxy: under which it is reached, and which its Envoy binds. */
export interface ProxyPort extends InfraPortIr {
  readonly containerPort: number;
}

/**
 * The ports of a proxy, each once, in order. Privileged ports are shifted by 10,000, and further where a listener has that port
 * already, unless an EnvoyProxy says `useListenerPortAsContainerPort`.
 */
export function proxyPorts({ gateways, parameters }: InfraIr): readonly ProxyPort[] {
  const written = new Map<string, InfraPortIr>();
  for (const { ports } of gateways) {
    for (const port of ports) {
      const key = portKey(port);
      if (!written.has(key)) written.set(key, port);
    }
  }
  const asWritten = parameters?.spec.provider?.kubernetes?.useListenerPortAsContainerPort === true;
  const taken = new Set(written.keys());
  const sorted = [...written.values()].toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
  return sorted.map((port) => {
    if (asWritten || port.port >= FIRST_UNPRIVILEGED) return { ...port, containerPort: port.port };
    let containerPort = port.port + SHIFT;
    while (taken.has(portKey({ ...port, port: containerPort })) && containerPort < LAST) containerPort += 1;
    taken.add(portKey({ ...port, port: containerPort }));
    return { ...port, containerPort };
  });
}

/** A port by what tells it apart. */
export function portKey({ port, protocol }: Pick<InfraPortIr, 'port' | 'protocol'>): string {
  return `${protocol} ${port}`;
}
