import type { PortState, Socket } from './gateway/port-claims.ts';
import { portKey, proxyPorts } from './infra/kubernetes/objects/ports.ts';
import type { Ports } from './pipeline.ts';

/**
 * The ports of pods: each proxy has its own network, so none meets another's, and a privileged port is bound as another one,
 * to which its Service leads.
 */
export function podPorts(): Ports {
  let bound: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map();
  return {
    isolated: true,
    at: (proxy: string, socket: Socket): PortState => {
      const port = bound.get(proxy)?.get(portKey(socket));
      return port === undefined || port === socket.port ? { kind: 'free' } : { kind: 'mapped', port };
    },
    want: (_sockets, proxies) => {
      bound = new Map(
        [...proxies].map(([key, { infra }]) => [
          key,
          new Map(proxyPorts(infra).map((port) => [portKey(port), port.containerPort])),
        ]),
      );
    },
    stop: () => undefined,
  };
}
